/** Emits the beginning and the end of every RPC. */
import type {Message} from '@bufbuild/protobuf';
import {status} from '@grpc/grpc-js';
import {KNI} from '../gen/kni_pb.ts';
import {errorText, type LogFields} from '../log.ts';
import {messageText} from './bodies.ts';
import {type Emit, msSince, shortError} from './event.ts';

export interface ObservedRpc {
  readonly name: string;
  readonly routine?: boolean;
}

/** Called at the beginning of a call; the result is called at its end. */
export type ObserveRpc = (rpc: ObservedRpc, request: object) => EndOfRpc;
/** `fields` are those of the log line. */
export type EndOfRpc = (grpcCode: status, fields: LogFields, outcome?: Outcome) => void;

export interface Outcome {
  /** A message, or its encoding. */
  readonly response?: unknown;
  readonly error?: unknown;
}

export type MeasureRpc = (rpc: string, grpcCode: status, seconds: number) => void;

export const unobserved: ObserveRpc = () => () => undefined;

export const observeRpcs = (measure: MeasureRpc, emit: Emit): ObserveRpc => {
  let calls = 0;
  return ({name: rpc, routine = false}, request) => {
    const begun = performance.now();
    const call = {rpc, call: ++calls, routine};
    const method = routine ? undefined : methods.get(rpc);
    emit({kind: 'rpc-began', ...call, ...requestedIn(request)}, () => ({
      request: method && isBody(request) ? messageText(method.input, request) : undefined,
    }));
    return (grpcCode, fields, {error, response} = {}) => {
      const ms = msSince(begun);
      measure(rpc, grpcCode, ms / 1000);
      const ended = {
        kind: 'rpc-ended',
        ...call,
        ...requestedIn(request),
        ...knownIn(fields),
        ms,
        status: status[grpcCode],
        ...(error !== undefined && {error: shortError(errorText(error))}),
      } as const;
      emit(ended, () => ({
        response: method && isBody(response) ? messageText(method.output, response) : undefined,
      }));
    };
  };
};

/** The inspector's messages are not needed: its callers print them. */
const methods = new Map(KNI.methods.map((method) => [method.name, method]));

const isBody = (body: unknown): body is Message | Uint8Array =>
  body instanceof Uint8Array || (typeof body === 'object' && body !== null && '$typeName' in body);

const identifying = ['correlation', 'pod', 'uid', 'sandbox', 'netns'] as const;
type Identity = Partial<Record<(typeof identifying)[number], string>>;

const knownIn = (fields: LogFields): Identity => {
  const identity: Identity = {};
  for (const key of identifying) {
    const value = fields[key];
    if (typeof value === 'string') identity[key] = value;
  }
  return identity;
};

/** The request is not validated yet. */
const requestedIn = (request: {
  namespace?: unknown;
  name?: unknown;
  uid?: unknown;
  id?: unknown;
}): Identity => {
  const {namespace, name, uid, id} = request;
  return {
    ...(isName(namespace) && isName(name) && {pod: `${namespace}/${name}`}),
    ...(isName(uid) && {uid}),
    ...(isName(id) && {sandbox: id}),
  };
};

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.-]{1,253}$/.test(value);
