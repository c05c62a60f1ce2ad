/** Faults for the group delete. */
import type {Around, Fault} from './fault.ts';
import {ip, refuse, withId} from './fault-parts.ts';
import {hostLinkOf, isNetns, models, pathOf} from './model-pods.ts';

const remove = (deleteNetwork: Around<'deleteNetwork'>): Fault => ({calls: {deleteNetwork}});
const detach = (detachInterface: Around<'detachInterface'>): Fault => ({calls: {detachInterface}});

/** The latest network of a pod of this name, whatever else identifies it. */
const latestPath = ({namespace, name}: {readonly namespace: string; readonly name: string}): string => {
  const model = models.findLast((each) => each.namespace === namespace && each.name === name);
  return model ? pathOf(model) : '';
};

const refusesUnknown = remove(async (request, next) => {
  const {id, namespace, name} = request;
  const isKnown = models.some((model) =>
    id ? model.id === id : model.namespace === namespace && model.name === name,
  );
  return isKnown ? next(request) : refuse();
});

const refusesRepeatedDetach = detach(async (request, next) =>
  withId(request.id)?.isAttached ? next(request) : refuse(),
);
export const refusesLostNetns = remove(async (request, next) => {
  const model = withId(request.id);
  return model && !isNetns(pathOf(model)) ? refuse() : next(request);
});

const busy = {now: 0};

export const deleteFaults: Readonly<Record<string, Fault>> = {
  'KNI-D01': refusesRepeatedDetach,
  'KNI-D02': detach(async (request, next) => (withId(request.id) ? next(request) : refuse())),
  'KNI-D03': refusesUnknown,
  'KNI-D04': refusesUnknown,
  'KNI-D05': remove(async (request, next) => (withId(request.id)?.isAttached ? refuse() : next(request))),
  'KNI-D06': remove(async (request, next) => (request.name === '' ? {} : next(request))),
  'KNI-D07': remove(async (request, next) => (request.id === '' ? {} : next(request))),
  'KNI-D08': remove(async (request, next) => (request.id === '' ? {} : next(request))),
  'KNI-D09': remove(async (request, next) => (request.id === '' ? {} : next(request))),
  'KNI-D10': remove((request, next) => next({...request, id: '', netnsPath: latestPath(request)})),
  'KNI-D11': remove((request, next) => next({...request, id: '', netnsPath: latestPath(request)})),
  'KNI-D12': detach((request, next) => {
    const model = models.findLast(
      ({namespace, name}) => namespace === request.namespace && name === request.name,
    );
    return next({...request, id: model?.id ?? ''});
  }),
  'KNI-D13': remove(async (request, next) => (request.id === '' ? {} : next(request))),
  'KNI-D14': remove((request, next) => {
    const [first] = models;
    return next(
      request.id === '' && request.name === '' && first ? {...request, id: first.id ?? ''} : request,
    );
  }),
  'KNI-D15': refusesLostNetns,
  'KNI-D16': detach(async (request, next) => {
    const model = withId(request.id);
    if (model) await ip('link', 'show', hostLinkOf(model)).catch(refuse);
    return next(request);
  }),
  'KNI-D17': detach(async (request, next) => {
    if (busy.now > 0) refuse();
    busy.now++;
    try {
      return await next(request);
    } finally {
      busy.now--;
    }
  }),
};
