/** Adds `correlation`, the key of the sandbox's record, to every log line about a sandbox: one search finds them all. */
import type {Log, LogFields} from './log.ts';
import type {PodNetworkRecord} from './network/record.ts';

/** Keys are kept for a while, because the last lines about a sandbox are written after its record is removed. */
const keptKeys = 1000;

/** `bySandbox` is called only until it finds the sandbox. */
export const withCorrelation = (
  log: Log,
  bySandbox: (sandbox: string) => PodNetworkRecord | undefined,
): Log => {
  const keys = new Map<string, string>();
  const keyOf = (sandbox: string): string | undefined => {
    const key = keys.get(sandbox) ?? bySandbox(sandbox)?.key;
    if (key === undefined) return undefined;
    keys.set(sandbox, key);
    const [oldest] = keys.keys();
    if (keys.size > keptKeys && oldest !== undefined) keys.delete(oldest);
    return key;
  };
  const withKey = (fields: LogFields | undefined): LogFields | undefined => {
    const sandbox = fields?.['sandbox'];
    if (typeof sandbox !== 'string' || fields?.['correlation'] !== undefined) return fields;
    const correlation = keyOf(sandbox);
    return correlation === undefined ? fields : {...fields, correlation};
  };
  return {
    debug: (msg, fields) => log.debug(msg, withKey(fields)),
    info: (msg, fields) => log.info(msg, withKey(fields)),
    warn: (msg, fields) => log.warn(msg, withKey(fields)),
    error: (msg, fields) => log.error(msg, withKey(fields)),
  };
};
