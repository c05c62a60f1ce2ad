/** Faults for the groups leaks and load. */
import {execFile, spawn} from 'node:child_process';
import {openSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Fault} from './fault.ts';
import {
  answersAddress,
  count,
  forgetsPods,
  ip,
  leakLink,
  leaksWhenAttachFails,
  leavesAtDelete,
  refuse,
} from './fault-parts.ts';
import {Refusal} from './model-handlers.ts';
import {freeAddress, stateDir} from './model-pods.ts';

const run = promisify(execFile);
const broken = new Set<string>();
const memory: Buffer[] = [];

export const leakFaults: Readonly<Record<string, Fault>> = {
  'KNI-L01': leavesAtDelete((n) => ip('netns', 'add', `leak-${n}`)),
  'KNI-L02': leavesAtDelete(leakLink),
  'KNI-L03': leavesAtDelete((n) => ip('address', 'add', `10.200.0.${n}/32`, 'dev', 'lo')),
  'KNI-L04': leavesAtDelete((n) => ip('route', 'add', `10.201.0.${n}/32`, 'dev', 'lo')),
  'KNI-L05': leavesAtDelete((n) => run('iptables', ['-A', 'INPUT', '-s', `10.202.0.${n}`, '-j', 'ACCEPT'])),
  'KNI-L06': leavesAtDelete(() => spawn('sleep', ['1000'], {stdio: 'ignore', detached: true})),
  'KNI-L07': leavesAtDelete(() => openSync('/dev/null', 'r')),
  'KNI-L08': leavesAtDelete((n) => writeFileSync(join(stateDir, `leak-${n}`), '')),
  'KNI-L09': leaksWhenAttachFails,
  'KNI-L10': leaksWhenAttachFails,
  'KNI-L11': {
    calls: {
      attachInterface: async (request, next) => {
        try {
          return await next(request);
        } catch (error) {
          broken.add(request.name);
          throw error;
        }
      },
      createNetwork: async (request, next) => (broken.has(request.name) ? refuse() : next(request)),
    },
  },
  'KNI-L12': {
    calls: {
      attachInterface: async (request, next) => {
        if (count() > 4) throw new Refusal('RESOURCE_EXHAUSTED', 'no address is left');
        return next(request);
      },
    },
  },
  'KNI-L13': {
    calls: {
      queryPodNetwork: async (request, next) => {
        if (freeAddress() === undefined) throw new Refusal('NOT_FOUND', 'unknown sandbox');
        return next(request);
      },
    },
  },
  'KNI-L14': {calls: {queryNodeNetworks: async () => ({networks: [{name: 'model', ready: true}]})}},
  'KNI-P01': answersAddress(() => '10.99.0.9'),
  'KNI-P02': forgetsPods,
  'KNI-P03': leavesAtDelete(() => memory.push(Buffer.alloc(1_000_000, 1))),
};
