/** Adds machine-readable details to an error: google.rpc.Status with an ErrorInfo, in the standard trailer. */
import {create, toBinary} from '@bufbuild/protobuf';
import {anyPack} from '@bufbuild/protobuf/wkt';
import {Metadata} from '@grpc/grpc-js';
import {CniError, PluginFailed} from '../cni/errors.ts';
import {ErrorInfoSchema, StatusSchema} from '../gen/rpc-status_pb.ts';
import {DeadlineExceeded} from '../lib/deadline.ts';
import {RpcError} from '../lib/rpc-error.ts';
import {NodeNotReady} from '../node/errors.ts';
import {isForeseen, type StatusOfError, shortened} from './status.ts';

const trailer = 'grpc-status-details-bin';
const domain = 'kni.dev';
/** Maximum length of each text: clients limit the size of trailers, the strictest to 8 KiB. */
const longest = 400;

export interface Cause {
  /** Upper case with underscores: `CNI_11`, `PLUGIN_TIMED_OUT`, `UNKNOWN_NETWORK`. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export const causeOf = (error: unknown): Cause => {
  if (error instanceof CniError) {
    const {plugin, command, cniCode, msg, details} = error;
    return {
      reason: `CNI_${cniCode}`,
      metadata: known({plugin, command, cni_code: String(cniCode), msg, details}),
    };
  }
  if (error instanceof PluginFailed) {
    return {reason: `PLUGIN_${upperSnake(error.trouble)}`, metadata: known({plugin: error.plugin})};
  }
  // Not the name of the class: clients know this reason.
  if (error instanceof DeadlineExceeded) return {reason: 'DEADLINE_PASSED', metadata: {}};
  if (error instanceof RpcError) return {reason: error.status, metadata: {}};
  if (error instanceof NodeNotReady) return {reason: upperSnake(error.reason), metadata: {}};
  return {
    reason: error instanceof Error && isForeseen(error) ? upperSnake(error.name) : 'INTERNAL',
    metadata: {},
  };
};

/** `correlation` finds the log lines of the error. */
export const statusDetailsOf = (
  error: unknown,
  {code, details}: StatusOfError,
  correlation: string,
): Metadata => {
  const {reason, metadata} = causeOf(error);
  const info = create(ErrorInfoSchema, {reason, domain, metadata: {...metadata, correlation}});
  const status = create(StatusSchema, {
    code,
    message: short(details),
    details: [anyPack(ErrorInfoSchema, info)],
  });
  const trailers = new Metadata();
  trailers.set(trailer, Buffer.from(toBinary(StatusSchema, status)));
  return trailers;
};

const known = (fields: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (value ? [[key, short(value)]] : [])));

const short = (text: string): string => shortened(text, longest);

/** Converts names such as `timed-out`, `UnknownNetwork` and `PodCIDRMissing`. */
const upperSnake = (name: string): string =>
  name
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4')
    .replaceAll('-', '_')
    .toUpperCase();
