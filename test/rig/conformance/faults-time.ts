/** Faults for the group deadlines. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {Fault} from './fault.ts';
import {answersAddress, count, createsAgain, leakLink, refuse, whileAttaching} from './fault-parts.ts';

const seen = new Set<string>();
/** Whether this is not the first call for the sandbox. */
const isRepeated = (id: string): boolean => seen.size === seen.add(id).size;

export const timeFaults: Readonly<Record<string, Fault>> = {
  'KNI-T01': {
    calls: {
      queryPodNetwork: async (request, next) => {
        await sleep(2_500);
        return next(request);
      },
    },
  },
  'KNI-T02': createsAgain,
  'KNI-T03': answersAddress(() => `10.99.0.${100 + count()}`),
  'KNI-T04': {
    calls: {
      attachInterface: async (request, next) => {
        await leakLink(count());
        return next(request);
      },
    },
  },
  'KNI-T05': {
    calls: {
      attachInterface: async (request, next) => (isRepeated(request.id) ? refuse() : next(request)),
    },
  },
  'KNI-T06': {
    calls: {
      detachInterface: async (request, next) => (isRepeated(request.id) ? refuse() : next(request)),
    },
  },
  'KNI-T07': whileAttaching((isBusy) => ({
    queryPodNetwork: async (request, next) => {
      if (isBusy()) await sleep(3_000);
      return next(request);
    },
  })),
};
