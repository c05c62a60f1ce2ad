/** Faults for the groups restart and kill. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {Fault} from './fault.ts';
import {answersAddress, forgetsPods, leakLink, refuse} from './fault-parts.ts';
import {refusesLostNetns} from './faults-delete.ts';
import {addLink, models, save} from './model-pods.ts';

/** Of the networks that it found at its start, by key or sandbox. */
const old = new Set(models.flatMap(({uid, id}) => [uid, id ?? '']));

export const restartFaults: Readonly<Record<string, Fault>> = {
  'KNI-S01': forgetsPods,
  'KNI-S02': forgetsPods,
  'KNI-S03': {
    async afterStart() {
      for (const model of models) await addLink(model, model.ip ?? '');
    },
  },
  'KNI-S04': {
    calls: {
      createNetwork: (request, next) => next({...request, extradata: {attempt: String(process.pid)}}),
    },
  },
  'KNI-S05': answersAddress(() => `10.99.0.${100 + (process.pid % 100)}`),
  'KNI-S06': forgetsPods,
  'KNI-S07': forgetsPods,
  'KNI-S08': {
    skipsRecovery: true,
    calls: {
      deleteNetwork: async (request, next) => {
        const before = models.map((each) => ({...each, isAttached: true, ip: '10.99.0.9'}));
        const answer = await next(request);
        const after = models.splice(0, models.length, ...before);
        save();
        models.splice(0, models.length, ...after.filter((each) => each.id !== request.id));
        return answer;
      },
    },
  },
  'KNI-S09': {keepsSocket: true},
  'KNI-S10': {exitCode: 1},
  'KNI-S11': {
    async beforeStart() {
      if (models.length > 0) await sleep(20_500);
    },
  },
  'KNI-S12': {isThief: true},
  'KNI-S13': refusesLostNetns,
  'KNI-S14': {skipsRecovery: true},
  'KNI-S15': {
    async beforeStart() {
      if (models.length > 0) await leakLink(process.pid);
    },
  },
  'KNI-K01': {
    calls: {createNetwork: async (request, next) => (old.has(request.uid) ? refuse() : next(request))},
  },
  'KNI-K02': {
    calls: {
      attachInterface: async (request, next) =>
        old.has(request.extradata['uid'] ?? '') ? refuse() : next(request),
    },
  },
  'KNI-K03': forgetsPods,
  'KNI-K04': forgetsPods,
  'KNI-K05': answersAddress(() => '10.99.0.9'),
};
