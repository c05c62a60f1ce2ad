/** Serves KNI with the handlers of the user. */
import {create, type DescMessage, type MessageInitShape, toBinary} from '@bufbuild/protobuf';
import {unobserved} from '../events/observe-rpcs.ts';
import type {
  AttachInterfaceRequest,
  CreateNetworkRequest,
  DeleteNetworkRequest,
  DetachInterfaceRequest,
  QueryNodeNetworksRequest,
  QueryPodNetworkRequest,
  SetupNodeNetworkRequest,
} from '../gen/kni_pb.ts';
import {
  AttachInterfaceResponseSchema,
  CreateNetworkResponseSchema,
  DeleteNetworkResponseSchema,
  DetachInterfaceResponseSchema,
  QueryNodeNetworksResponseSchema,
  QueryPodNetworkResponseSchema,
  SetupNodeNetworkResponseSchema,
} from '../gen/kni_pb.ts';
import {isAddress} from '../lib/ip-text.ts';
import {createLock} from '../lib/keyed-lock.ts';
import {RpcError} from '../lib/rpc-error.ts';
import type {Log, LogFields} from '../log.ts';
import {podNameOf} from '../network/pod-ref.ts';
import {describeIpConfigs} from '../rpc/ip-configs.ts';
import {addKniService, type KniHandlers} from '../server/kni-service.ts';
import {serve as serveServices} from '../server/server.ts';
import type {CallContext} from '../server/unary.ts';
import {endOnSignal} from './lifetime.ts';
import {log as usualLog} from './log.ts';
import type {CreateNetworkAnswer, NodeNetworksAnswer, PodNetworkAnswer} from './messages.ts';
import {indexes, type PodNetworks, type PodRequest} from './pods.ts';
import {readSettings, type Settings} from './settings.ts';
import {lockSocketOnce} from './socket-lock.ts';

/** The context of a call, as the second argument of its handler. */
export interface Call {
  /** Aborts when the caller no longer waits. Work that has begun should still come to a consistent end. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline of the caller; infinite without one. */
  timeLeft(): number;
  /** Adds fields to the log line at the end of the call. */
  note(fields: LogFields): void;
}

/**
 * The seven calls of KNI. Each must be idempotent: a kubelet repeats a call whose answer it did not get. A handler that throws
 * RpcError chooses the status; a failed program answers INTERNAL with its message; any other error answers INTERNAL with an
 * id, and the log has the id and the stack. Calls for one pod run one after the other, except queryPodNetwork; calls for different pods run
 * concurrently.
 */
export interface Handlers {
  /** Creates the netns of a pod, before its sandbox exists. */
  createNetwork(request: CreateNetworkRequest, call: Call): Promise<CreateNetworkAnswer>;
  /** Undoes createNetwork, and first attachInterface if needed. Must succeed for an unknown network. */
  deleteNetwork(request: DeleteNetworkRequest, call: Call): Promise<void>;
  /** Creates the pod's interfaces in its netns. Must undo its changes before it throws. */
  attachInterface(request: AttachInterfaceRequest, call: Call): Promise<PodNetworkAnswer>;
  /** Undoes attachInterface and releases the addresses. Must succeed for an unknown sandbox. */
  detachInterface(request: DetachInterfaceRequest, call: Call): Promise<void>;
  /** The addresses of an attached sandbox. Comes every second for each pod whose state changes, so it should be fast. */
  queryPodNetwork(request: QueryPodNetworkRequest, call: Call): Promise<PodNetworkAnswer>;
  /** Prepares the node itself. Comes when the kubelet starts. */
  setupNodeNetwork(request: SetupNodeNetworkRequest, call: Call): Promise<void>;
  /** The networks of this node. Comes every few seconds; the node is Ready only if a network is. */
  queryNodeNetworks(request: QueryNodeNetworksRequest, call: Call): Promise<NodeNetworksAnswer>;
}

export interface ServeOptions {
  /** Default: `readSettings()`. */
  readonly settings?: Pick<Settings, 'socket'>;
  /** Lets `serve` find the pod of a call that names only its sandbox or netns, for the lock and for the log. */
  readonly pods?: PodNetworks<unknown>;
  /** Default: `log`. */
  readonly log?: Log;
  /** Describes a problem for grpc.health.v1; undefined while healthy. Default: always healthy. */
  readonly healthy?: () => string | undefined;
  /** Milliseconds that calls in progress may take after SIGTERM. Default: 10000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Serves KNI and grpc.health.v1 on the socket of the settings, which only root can open. Resolves when it listens. Rejects if
 * another runtime listens there, or a handler is missing. SIGTERM and SIGINT end the process with code 0 after the calls in progress, an uncaught
 * exception ends it with code 1.
 */
export const serve = async (handlers: Handlers, options: ServeOptions = {}): Promise<void> => {
  const {settings = readSettings(), log = usualLog, healthy = () => undefined} = options;
  const {socket} = settings;
  refuseMissing(handlers);
  await lockSocketOnce(socket);
  const server = await serveServices(socket, {
    add: (grpc, observe) => {
      addKniService(grpc, adapt(handlers, options.pods), {given: {}, log, observe});
      return () => undefined;
    },
    healthy,
    observe: unobserved,
  });
  log.info('serving KNI', {socket});
  endOnSignal(() => server.stop(options.stopTimeoutMs ?? 10_000), log);
};

const handlerNames = [
  'createNetwork',
  'deleteNetwork',
  'attachInterface',
  'detachInterface',
  'queryPodNetwork',
  'setupNodeNetwork',
  'queryNodeNetworks',
] as const satisfies (keyof Handlers)[];

/** Bundling does not check types, so a missing handler would be found by the first pod only. */
const refuseMissing = (handlers: Handlers): void => {
  const missing = handlerNames.filter((name) => typeof handlers[name] !== 'function');
  if (missing.length > 0)
    throw new TypeError(`serve needs handlers for all calls: ${missing.join(', ')} missing`);
};

const adapt = (handlers: Handlers, pods: ServeOptions['pods']): KniHandlers<object> => {
  const lock = createLock();
  const find = (request: PodRequest) => (pods === undefined ? undefined : indexes.get(pods)?.find(request));
  const noteOf = (request: PodRequest): LogFields => {
    const {namespace, name, uid, sandbox, netns, key} = find(request) ?? {};
    const named = name === undefined ? request : {namespace: namespace ?? '', name};
    return {
      ...(named.name !== '' && {pod: podNameOf(named)}),
      ...known({uid: uid || request.uid || request.extradata?.['uid']}),
      ...known({sandbox: sandbox ?? request.id, netns: netns ?? request.netnsPath, correlation: key}),
    };
  };
  const ofPod =
    <Request extends PodRequest, Answer>(
      handle: (request: Request, call: Call) => Promise<Answer>,
      answerOf: (answer: Answer, request: Request, context: CallContext) => Uint8Array,
      isLocked = true,
    ) =>
    async (request: Request, context: CallContext): Promise<Uint8Array> => {
      context.note(noteOf(request));
      const work = () => handle(request, context);
      const {namespace, name} = find(request) ?? request;
      const key = name === '' ? `sandbox ${request.id}` : podNameOf({namespace, name});
      const answer = await (isLocked ? lock(key, work, context.signal) : work());
      context.note(noteOf(request));
      return answerOf(answer, request, context);
    };
  return {
    CreateNetwork: ofPod(
      (...call) => handlers.createNetwork(...call),
      (answer, _, {note}) => {
        const netnsPath: unknown = answer.netnsPath;
        note({netns: netnsPath});
        if (typeof netnsPath !== 'string' || !netnsPath.startsWith('/'))
          throw new RpcError(
            'INTERNAL',
            `invalid netnsPath ${JSON.stringify(netnsPath)}: answer an absolute path`,
          );
        return encode(CreateNetworkResponseSchema, answer);
      },
    ),
    DeleteNetwork: ofPod(
      (...call) => handlers.deleteNetwork(...call),
      () => encode(DeleteNetworkResponseSchema, {}),
    ),
    AttachInterface: ofPod(
      (...call) => handlers.attachInterface(...call),
      (answer) => encode(AttachInterfaceResponseSchema, mutable(answer)),
    ),
    DetachInterface: ofPod(
      (...call) => handlers.detachInterface(...call),
      () => encode(DetachInterfaceResponseSchema, {}),
    ),
    QueryPodNetwork: ofPod(
      (...call) => handlers.queryPodNetwork(...call),
      (answer, {id}, {after}) => {
        const message = create(QueryPodNetworkResponseSchema, mutable(answer));
        after(`ipconfigs received for id: ${id} ip: ${describeIpConfigs(message.ipconfigs)}`);
        return toBinary(QueryPodNetworkResponseSchema, message);
      },
      false,
    ),
    SetupNodeNetwork: async (request, context) => {
      await handlers.setupNodeNetwork(request, context);
      return encode(SetupNodeNetworkResponseSchema, {});
    },
    QueryNodeNetworks: async (request, context) => {
      const answer = await handlers.queryNodeNetworks(request, context);
      const [first] = answer.networks;
      context.note({ready: first?.ready ?? false, reason: first?.extradata?.['reason']});
      return encode(QueryNodeNetworksResponseSchema, {...answer, networks: [...answer.networks]});
    },
  };
};

/** Encoded here, so that an answer of the wrong type is an error of the handler. */
const encode = <Desc extends DescMessage>(schema: Desc, answer: MessageInitShape<Desc>): Uint8Array =>
  toBinary(schema, create(schema, answer));

const known = (fields: Readonly<Record<string, string | undefined>>): LogFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value));

/** The generated types demand arrays that can be changed. A kubelet ignores invalid addresses silently. */
const mutable = ({ipconfigs, ...rest}: PodNetworkAnswer) => ({
  ...rest,
  ipconfigs: Object.fromEntries(
    Object.entries(ipconfigs).map(([name, {ip, ...each}]) => {
      for (const address of ip) {
        if (!isAddress(address))
          throw new RpcError(
            'INTERNAL',
            `invalid address ${JSON.stringify(address)} of ${name}: answer an IP address without prefix length or zone`,
          );
      }
      return [name, {...each, ip: [...ip]}];
    }),
  ),
});
