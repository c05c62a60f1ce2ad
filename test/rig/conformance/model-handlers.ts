/** The seven calls of the model runtime. */
import {basename, dirname} from 'node:path';
import {type MessageInitShape, type MessageShape} from '@bufbuild/protobuf';
import {status} from '@grpc/grpc-js';
import type {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {
  addLink,
  addNetns,
  freeAddress,
  knowsCidr,
  type Model,
  models,
  nameOf,
  netnsDir,
  pathOf,
  removeLink,
  removeNetns,
  save,
  setUpNode,
} from './model-pods.ts';

type Methods = typeof KNI.method;
export type Request<Key extends keyof Methods> = MessageShape<Methods[Key]['input']>;
export type Response<Key extends keyof Methods> = MessageInitShape<Methods[Key]['output']>;
export type Handlers = {
  readonly [Key in keyof Methods]: (request: Request<Key>) => Promise<Response<Key>>;
};

export class Refusal extends Error {
  readonly grpc: status;
  constructor(grpc: keyof typeof status, message: string) {
    super(message);
    this.grpc = status[grpc];
  }
}

const patterns = {
  namespace: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  name: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
  uid: /^[a-zA-Z0-9-]{0,128}$/,
  attempt: /^[0-9]{1,10}$/,
  id: /^[a-zA-Z0-9]{1,128}$/,
} as const;

const valid = (field: keyof typeof patterns, value: string): string => {
  if (!patterns[field].test(value)) throw new Refusal('INVALID_ARGUMENT', `invalid ${field}`);
  return value;
};

const keyOf = (namespace: string, name: string, uid: string, attempt: string): string =>
  `${namespace}/${name}/${uid}/${attempt}`;

/** One call that changes something after the other. */
let last: Promise<unknown> = Promise.resolve();
export const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const next = last.then(work, work);
  last = next.catch(() => undefined);
  return next;
};

interface Selector {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly netnsPath: string;
  readonly extradata: Readonly<Record<string, string>>;
}

/** The first field that is present decides. An id that is not known yet may belong to a network without a sandbox. */
const select = ({id, name, namespace, netnsPath, extradata}: Selector): Model | undefined => {
  if (id) valid('id', id);
  const known = models.find((model) => id !== '' && model.id === id);
  if (known) return known;
  const candidates = id === '' ? models : models.filter((model) => model.id === undefined);
  const {uid, attempt = '0'} = extradata;
  if (netnsPath) return candidates.find((model) => pathOf(model) === netnsPath);
  if (uid) return candidates.find((model) => model.uid === uid && model.attempt === attempt);
  return name === ''
    ? undefined
    : candidates.find((model) => model.namespace === namespace && model.name === name);
};

export const detach = async (model: Model): Promise<void> => {
  await removeLink(model);
  delete model.ip;
  model.isAttached = false;
  save();
};

export const answerOf = ({ip = '', mac = ''}: Model) => ({ipconfigs: {eth0: {ip: [ip], mac}}});

export const handlers: Handlers = {
  createNetwork: ({namespace, name, uid, extradata}) => {
    const attempt = valid('attempt', extradata['attempt'] ?? '0');
    const key = keyOf(valid('namespace', namespace), valid('name', name), valid('uid', uid), attempt);
    return inTurn(async () => {
      let model = models.find((each) => each.key === key);
      if (!model) {
        model = {key, namespace, name, uid, attempt};
        models.push(model);
        save();
      }
      await addNetns(model);
      return {netnsPath: pathOf(model)};
    });
  },
  attachInterface: ({id, isolation, extradata, portMappings}) => {
    valid('id', id);
    for (const {hostPort, containerPort} of portMappings)
      if (hostPort < 0 || hostPort > 65_535 || containerPort < 1 || containerPort > 65_535)
        throw new Refusal('INVALID_ARGUMENT', 'invalid port');
    const path = isolation?.path ?? extradata['netns'] ?? '';
    return inTurn(async () => {
      const model =
        dirname(path) === netnsDir ? models.find((each) => nameOf(each) === basename(path)) : undefined;
      if (!model) throw new Refusal('NOT_FOUND', 'unknown netns');
      if (model.id !== undefined && model.id !== id)
        throw new Refusal('ALREADY_EXISTS', 'the netns has a sandbox');
      if (models.some((each) => each !== model && each.id === id))
        throw new Refusal('ALREADY_EXISTS', 'the sandbox has a netns');
      if (model.isAttached) return answerOf(model);
      const ip = model.ip ?? freeAddress();
      if (ip === undefined) throw new Refusal('RESOURCE_EXHAUSTED', 'no address is left');
      Object.assign(model, {id, ip});
      save();
      try {
        await addLink(model, ip);
      } catch (error) {
        await detach(model);
        throw new Refusal('INTERNAL', `cannot attach: ${String(error)}`);
      }
      model.isAttached = true;
      save();
      return answerOf(model);
    });
  },
  detachInterface: ({id, name, namespace, isolation, extradata}) => {
    if (id) valid('id', id);
    return inTurn(async () => {
      const model = select({id, name, namespace, netnsPath: isolation?.path ?? '', extradata});
      if (model) await detach(model);
      return {};
    });
  },
  deleteNetwork: (request) => {
    if (request.id) valid('id', request.id);
    return inTurn(async () => {
      const model = select(request);
      if (!model) return {};
      await detach(model);
      await removeNetns(model);
      models.splice(models.indexOf(model), 1);
      save();
      return {};
    });
  },
  queryPodNetwork: async ({id}) => {
    const model = models.find((each) => each.id === valid('id', id));
    if (!model) {
      valid('id', id);
      throw new Refusal('NOT_FOUND', 'unknown sandbox');
    }
    if (!model.isAttached) throw new Refusal('FAILED_PRECONDITION', 'the sandbox is not attached');
    return answerOf(model);
  },
  setupNodeNetwork: async () => {
    await setUpNode();
    return {};
  },
  queryNodeNetworks: async () => ({networks: [network()]}),
};

const network = () => {
  if (!knowsCidr())
    return {
      name: 'model',
      ready: false,
      extradata: {reason: 'PodCIDRUnknown', message: 'The node has no podCIDR.'},
    };
  if (freeAddress() === undefined)
    return {
      name: 'model',
      ready: false,
      extradata: {reason: 'AddressesExhausted', message: 'No address is left.', running_pods: 'unaffected'},
    };
  return {name: 'model', ready: true};
};
