/** Faults for the group create. */
import {writeFileSync} from 'node:fs';
import type {Around, Fault} from './fault.ts';
import {createsAgain, refuse, withId} from './fault-parts.ts';
import {models, pathOf, removeNetns} from './model-pods.ts';

const seen = new Set<string>();

const create = (createNetwork: Around<'createNetwork'>): Fault => ({calls: {createNetwork}});

/** The key of a network is `namespace-name`. */
const joinsNames = create((request, next) =>
  next({...request, uid: '', namespace: 'all', name: `${request.namespace}-${request.name}`}),
);

export const createFaults: Readonly<Record<string, Fault>> = {
  'KNI-C01': create(async (request, next) => ({netnsPath: (await next(request)).netnsPath?.slice(1) ?? ''})),
  'KNI-C02': create(async () => ({netnsPath: '/etc/passwd'})),
  'KNI-C03': create(async () => ({netnsPath: '/proc/1/ns/net'})),
  'KNI-C04': createsAgain,
  'KNI-C05': create((request, next) => next({...request, name: 'pod', uid: 'uid'})),
  'KNI-C06': create((request, next) => next({...request, extradata: {attempt: '0'}})),
  'KNI-C07': create((request, next) => next({...request, uid: ''})),
  'KNI-C08': joinsNames,
  'KNI-C09': joinsNames,
  'KNI-C10': create(async (request, next) => (request.name.length > 63 ? refuse() : next(request))),
  'KNI-C11': create(async (request, next) => {
    const isKnown = models.some(({uid}) => uid === request.uid);
    if (seen.has(request.uid) && !isKnown) refuse();
    seen.add(request.uid);
    return next(request);
  }),
  'KNI-C12': create((request, next) =>
    next({...request, name: request.name || 'pod', namespace: request.namespace || 'default'}),
  ),
  'KNI-C13': {
    calls: {
      detachInterface: async (request, next) => {
        const model = withId(request.id);
        const answer = await next(request);
        if (model) await removeNetns(model);
        return answer;
      },
    },
  },
  'KNI-C14': {
    calls: {
      deleteNetwork: async (request, next) => {
        const model = withId(request.id);
        const answer = await next(request);
        if (model) writeFileSync(pathOf(model), '');
        return answer;
      },
    },
  },
};
