/** Faults for the group hostile. */
import {execFile} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Fault} from './fault.ts';
import {count, frontWith, refuse} from './fault-parts.ts';
import {detach} from './model-handlers.ts';
import {models, netnsDir, pathOf} from './model-pods.ts';

const run = promisify(execFile);

/** Uses the field unchecked as a part of the path. */
const trusts = (
  read: (request: {name: string; namespace: string; uid: string; attempt: string}) => string,
): Fault => ({
  calls: {
    createNetwork: async (request, next) => {
      const {name, namespace, uid, extradata} = request;
      const value = read({name, namespace, uid, attempt: extradata['attempt'] ?? ''});
      return value.includes('/') ? {netnsPath: join(netnsDir, value)} : next(request);
    },
  },
});

const isInvalidId = (id: string): boolean => !/^[a-z0-9]+$/.test(id);
const answer = {ipconfigs: {eth0: {ip: ['10.99.0.9']}}};

export const hostileFaults: Readonly<Record<string, Fault>> = {
  'KNI-H01': trusts(({name}) => name),
  'KNI-H02': trusts(({namespace}) => namespace),
  'KNI-H03': trusts(({uid}) => uid),
  'KNI-H04': trusts(({attempt}) => attempt),
  'KNI-H05': {
    calls: {attachInterface: async (request, next) => (isInvalidId(request.id) ? refuse() : next(request))},
  },
  'KNI-H06': {
    calls: {queryPodNetwork: async (request, next) => (isInvalidId(request.id) ? refuse() : next(request))},
  },
  'KNI-H07': {
    calls: {detachInterface: async (request, next) => (isInvalidId(request.id) ? {} : next(request))},
  },
  'KNI-H08': {
    calls: {deleteNetwork: async (request, next) => (isInvalidId(request.id) ? {} : next(request))},
  },
  'KNI-H09': {
    calls: {
      attachInterface: async (request, next) =>
        request.isolation?.path.startsWith('/proc/') ? answer : next(request),
    },
  },
  'KNI-H10': {
    calls: {
      deleteNetwork: async (request, next) => {
        const {netnsPath} = request;
        if (!netnsPath.startsWith(`${netnsDir}/conformance-`)) return next(request);
        await run('umount', [netnsPath]).catch(() => undefined);
        rmSync(netnsPath, {force: true});
        return {};
      },
    },
  },
  'KNI-H11': {
    calls: {
      attachInterface: async (request, next) =>
        request.isolation?.path.startsWith(`${netnsDir}/conformance-`) ? answer : next(request),
    },
  },
  'KNI-H12': {
    calls: {
      createNetwork: async (request, next) => {
        await run('sh', ['-c', `echo ${request.name}`]).catch(() => undefined);
        return next(request);
      },
    },
  },
  'KNI-H13': {
    calls: {
      attachInterface: async (request, next) =>
        Object.values(request.annotations).some((text) => text.includes(';')) ? refuse() : next(request),
    },
  },
  'KNI-H14': {
    calls: {
      attachInterface: async (request, next) => {
        const owner = models.find((model) => pathOf(model) === request.isolation?.path && model.isAttached);
        if (owner && owner.id !== request.id) await detach(owner);
        return next(request);
      },
    },
  },
  'KNI-H15': {calls: {attachInterface: (request, next) => next({...request, portMappings: []})}},
  'KNI-H16': {onUndecodable: () => process.exit(1)},
  'KNI-H17': {front: frontWith((open) => open < 50)},
  'KNI-H18': {
    calls: {queryPodNetwork: async (request, next) => (request.id.length > 1000 ? answer : next(request))},
  },
  'KNI-H19': {
    calls: {
      attachInterface: (request, next) => next({...request, id: request.id || `sandbox${count()}`}),
    },
  },
};
