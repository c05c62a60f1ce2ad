/** Faults for the groups wire and readiness. */
import {chmodSync} from 'node:fs';
import {dirname} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {
  QueryNodeNetworksRequestSchema,
  QueryNodeNetworksResponseSchema,
} from '../../../runtime/src/gen/kni_pb.ts';
import type {Fault} from './fault.ts';
import {count, frontWith, refuse} from './fault-parts.ts';
import {Refusal} from './model-handlers.ts';
import {knowsCidr} from './model-pods.ts';

const queries = {now: 0};

/** Changes the first network of the answer. */
const network = (change: (network: Record<string, unknown>) => Record<string, unknown>): Fault => ({
  calls: {
    queryNodeNetworks: async (request, next) => {
      const {networks: [first] = []} = await next(request);
      return {networks: [change({...first})]};
    },
  },
});

const unready = (extradata: () => Record<string, string>): Fault =>
  network((first) => (first['ready'] ? first : {...first, extradata: extradata()}));

export const wireFaults: Readonly<Record<string, Fault>> = {
  'KNI-W01': {lacks: ['SetupNodeNetwork']},
  'KNI-W02': {
    methods: [
      {name: 'NoSuchMethod', input: QueryNodeNetworksRequestSchema, output: QueryNodeNetworksResponseSchema},
    ],
  },
  'KNI-W03': {
    beforeDecoding: (bytes) => {
      if (bytes[0] === 0x9a) refuse();
    },
  },
  'KNI-W04': {onUndecodable: () => ({namespace: 'default', name: 'pod', uid: 'uid'})},
  // It must become ready first.
  'KNI-W05': {checkHost: (host) => (host === 'localhost' && count() > 1 ? refuse() : undefined)},
  'KNI-W06': {checkHost: (host) => (host.startsWith('%') ? refuse() : undefined)},
  'KNI-W07': {
    calls: {
      queryPodNetwork: async () => {
        throw new Refusal('NOT_FOUND', '');
      },
    },
  },
  'KNI-W08': {
    calls: {
      queryPodNetwork: async () => {
        throw new Refusal('NOT_FOUND', `unknown sandbox, call ${count()}`);
      },
    },
  },
  'KNI-W09': {
    calls: {
      queryPodNetwork: async (request, next) => {
        if (queries.now > 0) refuse();
        queries.now++;
        await sleep(200);
        queries.now--;
        return next(request);
      },
    },
  },
  'KNI-W10': {
    calls: {
      createNetwork: async (request, next) =>
        JSON.stringify(request.annotations).length > 1000 ? refuse() : next(request),
    },
  },
  'KNI-W11': {
    afterStart: (socket) => {
      chmodSync(dirname(socket), 0o755);
      chmodSync(socket, 0o666);
    },
  },
  'KNI-W12': {
    front: frontWith((_, bytes) => {
      if (bytes !== undefined && !bytes.toString('latin1').startsWith('PRI *')) process.exit(1);
      return true;
    }),
  },
  'KNI-N01': {
    calls: {queryNodeNetworks: async () => ({networks: count() < 2 ? [{name: 'model', ready: true}] : []})},
  },
  'KNI-N02': {
    calls: {
      queryNodeNetworks: async () => ({
        networks: [
          {name: 'model', ready: true},
          {name: 'model', ready: true},
        ],
      }),
    },
  },
  'KNI-N03': {calls: {attachInterface: async () => refuse()}},
  'KNI-N04': unready(() => ({reason: 'no podCIDR yet', message: 'The node has no podCIDR.'})),
  'KNI-N05': unready(() => ({reason: 'PodCIDRUnknown'})),
  'KNI-N06': unready(() => ({reason: 'PodCIDRUnknown', message: `The node has no podCIDR: try ${count()}.`})),
  'KNI-N07': {
    calls: {createNetwork: (request, next) => (knowsCidr() ? next(request) : sleep(60_000, {}))},
  },
  'KNI-N08': {calls: {setupNodeNetwork: async () => (count() > 1 ? refuse() : {})}},
  'KNI-N09': network((first) => ({...first, name: `model-${count()}`})),
};
