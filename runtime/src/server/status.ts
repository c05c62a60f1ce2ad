/** Maps every error to a gRPC status; the only place that does. */
import {type ServiceError, status} from '@grpc/grpc-js';
import {
  CniError,
  InvalidConfig,
  InvalidParameter,
  NotAdded,
  PluginFailed,
  type PluginTrouble,
} from '../cni/errors.ts';
import {CallerGone, DeadlineExceeded} from '../lib/deadline.ts';
import {errorCodeOf} from '../lib/error-code.ts';
import {Busy} from '../lib/gate.ts';
import {RpcError} from '../lib/rpc-error.ts';
import {
  AddressInUse,
  AddressMissing,
  CleanupUnfinished,
  Conflict,
  InvalidRequest,
  NetnsFailed,
  NetworkBusy,
  NetworkUnavailable,
  NotAllowed,
  StoreFailed,
  TooManyCleanups,
  UnknownNetwork,
  WrongState,
} from '../network/errors.ts';
import {NodeNotReady} from '../node/errors.ts';
import {ToolFailed} from '../process/tool.ts';

/** grpc-js reads `code` and `details` of any error object, so it only ever gets objects of this type. */
export type StatusOfError = Pick<ServiceError, 'code' | 'details'>;

type Code = status;

/** By CNI error code (CNI spec, section 5, "Error"). */
const codeOfCni: Readonly<Record<number, Code>> = {
  1: status.FAILED_PRECONDITION, // incompatible version
  2: status.INVALID_ARGUMENT, // unsupported field
  3: status.NOT_FOUND, // container unknown
  4: status.INVALID_ARGUMENT, // invalid environment
  5: status.INTERNAL, // I/O
  6: status.INVALID_ARGUMENT, // undecodable
  7: status.INVALID_ARGUMENT, // invalid config
  8: status.FAILED_PRECONDITION, // invalid netns
  11: status.UNAVAILABLE, // try again later
  50: status.UNAVAILABLE, // plugin not available
  51: status.UNAVAILABLE, // plugin not available, limited connectivity
};

const codeOfTrouble = {
  missing: status.FAILED_PRECONDITION,
  'not-started': status.UNAVAILABLE,
  'no-time': status.DEADLINE_EXCEEDED,
  'timed-out': status.DEADLINE_EXCEEDED,
  killed: status.ABORTED,
  stopped: status.UNAVAILABLE,
  'bad-result': status.INTERNAL,
} as const satisfies Record<PluginTrouble, Code>;

const codeOf = (error: unknown): Code | undefined => {
  if (error instanceof RpcError) return status[error.status];
  if (error instanceof InvalidRequest || error instanceof InvalidParameter) return status.INVALID_ARGUMENT;
  if (error instanceof NotAllowed) return status.PERMISSION_DENIED;
  if (error instanceof UnknownNetwork) return status.NOT_FOUND;
  if (error instanceof WrongState || error instanceof NodeNotReady) return status.FAILED_PRECONDITION;
  if (error instanceof InvalidConfig || error instanceof NotAdded || error instanceof NetworkUnavailable)
    return status.FAILED_PRECONDITION;
  if (error instanceof AddressMissing) return status.FAILED_PRECONDITION;
  if (error instanceof CleanupUnfinished || error instanceof TooManyCleanups)
    return status.FAILED_PRECONDITION;
  if (error instanceof Conflict || error instanceof AddressInUse) return status.ALREADY_EXISTS;
  if (error instanceof CniError) return codeOfCni[error.cniCode] ?? unlistedCni(error.cniCode);
  if (error instanceof PluginFailed) return codeOfTrouble[error.trouble];
  if (error instanceof StoreFailed) return error.full ? status.RESOURCE_EXHAUSTED : status.UNAVAILABLE;
  if (error instanceof NetnsFailed || error instanceof ToolFailed)
    return isShortage(error) ? status.UNAVAILABLE : status.INTERNAL;
  if (error instanceof DeadlineExceeded) return status.DEADLINE_EXCEEDED;
  if (error instanceof CallerGone) return status.CANCELLED;
  if (error instanceof Busy || error instanceof NetworkBusy) return status.UNAVAILABLE;
  return undefined;
};

/** Temporary shortages of descriptors, processes or memory: a retry may succeed. */
const shortages: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

const isShortage = (error: unknown): boolean =>
  error instanceof Error && (shortages.has(errorCodeOf(error)) || isShortage(error.cause));

/** Codes from 100 on are defined by the plugin; CNI reserves the others for future use. */
const unlistedCni = (cniCode: number): Code => (cniCode >= 100 ? status.INTERNAL : status.UNKNOWN);

/** Clients limit the size of trailers, and messages of plugins may have any length. */
const longest = 2000;

/** An unexpected error is only logged: the caller gets `id`, which finds it in the log. */
export const statusOf = (error: unknown, id?: string): StatusOfError => {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error)) {
    const which = id === undefined ? '' : ` ${id}`;
    return {code: status.INTERNAL, details: `internal error${which}, see the log of the network runtime`};
  }
  return {code, details: shortened(error.message, longest)};
};

/** At most `length` UTF-16 units. Lone surrogates are replaced, because grpc-js cannot encode them. */
export const shortened = (text: string, length: number): string =>
  (text.length > length ? `${text.slice(0, length)}…` : text).replace(/\p{Cs}/gu, '\ufffd');

/** Whether the error maps to a specific gRPC status. Any other error is a bug. */
export const isForeseen = (error: unknown): boolean => codeOf(error) !== undefined;
