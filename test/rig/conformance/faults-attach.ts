/** Faults for the groups attach and concurrency. */
import type {Around, Fault} from './fault.ts';
import {answersAddress, count, createsAgain, ip, leakLink, refuse, whileAttaching} from './fault-parts.ts';
import {answerOf, detach, Refusal} from './model-handlers.ts';
import {hostLinkOf, type Model, models, nameOf, pathOf} from './model-pods.ts';

const attach = (attachInterface: Around<'attachInterface'>): Fault => ({calls: {attachInterface}});

/** Something is done to the pod after it was attached. */
const afterAttach = (change: (model: Model) => Promise<unknown>): Fault =>
  attach(async (request, next) => {
    const answer = await next(request);
    const model = models.find((each) => each.id === request.id);
    if (model) await change(model);
    return answer;
  });

/** Changes what is reported of eth0. */
const reports = (change: (address: string, mac: string) => object): Fault =>
  attach(async (request, next) => {
    const {eth0: {ip: [address = ''] = [], mac = ''} = {}} = (await next(request)).ipconfigs ?? {};
    return change(address, mac);
  });

/** QueryPodNetwork keeps answering for deleted sandboxes. */
const remembered = new Map<string, object>();
const neverForgets: Fault = {
  calls: {
    queryPodNetwork: async (request, next) => {
      const known = remembered.get(request.id);
      if (known) return known;
      return next(request);
    },
    attachInterface: async (request, next) => {
      const answer = await next(request);
      remembered.set(request.id, answer);
      return answer;
    },
  },
};

const oneAddress = answersAddress(() => '10.99.0.9');
const otherAddresses = answersAddress(() => `10.99.0.${100 + count()}`);

export const attachFaults: Readonly<Record<string, Fault>> = {
  'KNI-A01': reports(() => ({ipconfigs: {}})),
  'KNI-A02': reports((address, mac) => ({ipconfigs: {eth0: {ip: [`${address}/24`], mac}}})),
  'KNI-A03': reports((address, mac) => ({ipconfigs: {net1: {ip: [address], mac}}})),
  'KNI-A04': oneAddress,
  'KNI-A05': reports((address) => ({ipconfigs: {eth0: {ip: [address]}}})),
  'KNI-A06': reports((address, mac) => ({ipconfigs: {eth0: {ip: [address], mac}, veth0: {}}})),
  'KNI-A07': afterAttach((model) => ip('-n', nameOf(model), 'link', 'set', 'lo', 'down')),
  'KNI-A08': otherAddresses,
  'KNI-A09': {
    calls: {
      queryPodNetwork: async (request, next) => {
        await next(request);
        return {ipconfigs: {eth0: {ip: ['10.99.0.200']}}};
      },
    },
  },
  'KNI-A10': {
    calls: {
      queryPodNetwork: async () => {
        throw new Refusal('INTERNAL', 'unknown sandbox');
      },
    },
  },
  'KNI-A11': neverForgets,
  'KNI-A12': neverForgets,
  'KNI-A13': oneAddress,
  'KNI-A14': answersAddress(() => '192.168.77.5'),
  'KNI-A15': {calls: {detachInterface: async () => ({})}},
  'KNI-A16': afterAttach((model) =>
    ip('link', 'set', hostLinkOf(model), 'type', 'bridge_slave', 'isolated', 'on'),
  ),
  'KNI-A17': afterAttach(() => ip('address', 'flush', 'dev', 'model0')),
  'KNI-A18': afterAttach((model) => ip('-n', nameOf(model), 'route', 'delete', 'default')),
  'KNI-A19': attach((request, next) => next({...request, extradata: {}})),
  'KNI-A20': attach(async (request, next) => {
    const owner = models.find((model) => pathOf(model) === request.isolation?.path && model.isAttached);
    return owner ? answerOf(owner) : next(request);
  }),

  'KNI-O01': createsAgain,
  'KNI-O02': otherAddresses,
  'KNI-O03': oneAddress,
  'KNI-O04': whileAttaching((isBusy) => ({
    detachInterface: async (request, next) => {
      if (isBusy()) await leakLink(count());
      return next(request);
    },
  })),
  'KNI-O05': whileAttaching((isBusy) => ({
    queryPodNetwork: async (request, next) => (isBusy() ? refuse() : next(request)),
  })),
  'KNI-O06': oneAddress,
  'KNI-O07': {
    calls: {
      deleteNetwork: async (request, next) => {
        const answer = await next(request);
        for (const model of models) await detach(model);
        return answer;
      },
    },
  },
  'KNI-O08': attach(async (request, next) => {
    const {uid} = request.extradata;
    return models.some((model) => model.uid === uid && model.id !== undefined && model.id !== request.id)
      ? refuse()
      : next(request);
  }),
};
