/**
 * Calls a KNI server as kubelets do, with their deadlines, and keeps the requests and answers.
 *
 * The messages come from runtime/src/gen/kni_pb.ts. That file is generated from runtime/proto/kni.proto, the contract of both
 * programs, and contains no code of the network runtime.
 */

import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import {Client, credentials, Metadata, type ServiceError} from '@grpc/grpc-js';
import {KNI} from '../../runtime/src/gen/kni_pb.ts';

type Methods = typeof KNI.method;
export type MethodKey = keyof Methods;

/** The kubelet's deadlines in milliseconds (docs/kubelet-and-containerd.md, "Deadlines"). */
export const deadlines: Readonly<Record<MethodKey, number>> = {
  createNetwork: 10_000,
  attachInterface: 60_000,
  queryPodNetwork: 2_000,
  detachInterface: 20_000,
  deleteNetwork: 20_000,
  setupNodeNetwork: 30_000,
  queryNodeNetworks: 5_000,
};

export interface Patience {
  /** Milliseconds. Default: the kubelet's deadline for this call. */
  readonly deadline?: number;
  /** Aborting cancels the call. */
  readonly signal?: AbortSignal;
}

export type KniCalls = {
  readonly [Key in MethodKey]: (
    request: MessageInitShape<Methods[Key]['input']>,
    patience?: Patience,
  ) => Promise<MessageShape<Methods[Key]['output']>>;
};

export interface KniClient extends KniCalls, Disposable {}

/** A call and its answer, in the JSON form of protobuf. */
export interface Exchange {
  readonly method: string;
  readonly request: JsonValue;
  readonly answer: {readonly response: JsonValue} | {readonly status: string; readonly message: string};
  /** Milliseconds. */
  readonly took: number;
}

/** In the order of their numbers, from 0 (https://grpc.io/docs/guides/status-codes/). */
const statusNames = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type StatusName = (typeof statusNames)[number];

export const statusName = (code: number): StatusName => statusNames[code] ?? 'UNKNOWN';

export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly method: string;
  readonly status: StatusName;
  /** The text of the status. */
  readonly details: string;
  /** The server did not answer before the deadline. */
  readonly isLate: boolean;

  constructor(method: string, name: StatusName, details: string, isLate: boolean) {
    super(`${method} failed: ${name}${details && `: ${details}`}`);
    this.method = method;
    this.status = name;
    this.details = details;
    this.isLate = isLate;
  }
}

/** `socket` is a path. Does not connect before the first call. */
export const kniClient = (socket: string, record: (exchange: Exchange) => void): KniClient => {
  // Two clients with equal options would share one connection, also after the server was replaced.
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
  });
  const caller =
    <Input extends DescMessage, Output extends DescMessage>(
      {name, input, output}: DescMethodUnary<Input, Output>,
      usualDeadline: number,
    ) =>
    (init: MessageInitShape<Input>, {deadline = usualDeadline, signal}: Patience = {}) => {
      const request = create(input, init);
      const start = performance.now();
      return new Promise<MessageShape<Output>>((resolve, reject) => {
        const settle = (answer: Exchange['answer']): void =>
          record({method: name, request: toJson(input, request), answer, took: performance.now() - start});
        const made = client.makeUnaryRequest(
          `/${KNI.typeName}/${name}`,
          (message: MessageShape<Input>) => Buffer.from(toBinary(input, message)),
          (bytes) => fromBinary(output, bytes),
          request,
          new Metadata(),
          {deadline: Date.now() + deadline},
          (error, response) => {
            if (error === null && response !== undefined) {
              settle({response: toJson(output, response)});
              resolve(response);
              return;
            }
            const failure = callFailed(name, error, performance.now() - start >= deadline - 5);
            settle({status: failure.status, message: failure.details});
            reject(failure);
          },
        );
        signal?.addEventListener('abort', () => made.cancel(), {once: true});
      });
    };
  const {method} = KNI;
  return {
    createNetwork: caller(method.createNetwork, deadlines.createNetwork),
    attachInterface: caller(method.attachInterface, deadlines.attachInterface),
    queryPodNetwork: caller(method.queryPodNetwork, deadlines.queryPodNetwork),
    detachInterface: caller(method.detachInterface, deadlines.detachInterface),
    deleteNetwork: caller(method.deleteNetwork, deadlines.deleteNetwork),
    setupNodeNetwork: caller(method.setupNodeNetwork, deadlines.setupNodeNetwork),
    queryNodeNetworks: caller(method.queryNodeNetworks, deadlines.queryNodeNetworks),
    [Symbol.dispose]: () => client.close(),
  };
};

export const methodKeys = [
  'createNetwork',
  'attachInterface',
  'queryPodNetwork',
  'detachInterface',
  'deleteNetwork',
  'setupNodeNetwork',
  'queryNodeNetworks',
] as const satisfies readonly MethodKey[];

const callFailed = (method: string, error: ServiceError | null, isExpired: boolean): CallFailed => {
  const name = statusName(error?.code ?? 2);
  return new CallFailed(method, name, error?.details ?? '', isExpired && name === 'DEADLINE_EXCEEDED');
};

/** `OK`, or why the call failed. Rejects if the server did not answer before the deadline. */
export const outcomeOf = async (call: Promise<unknown>): Promise<StatusName> => {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof CallFailed && !error.isLate) return error.status;
    throw error;
  }
};
