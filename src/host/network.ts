/** The port to the network: checks whether a URL answers. */

import {errorCodeOf} from '../thrown.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Network {
  /** Why `url` does not answer, in a few words. Undefined when it answers, even if it asks for a password. */
  whyUnreachable(url: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Timeout in milliseconds: long enough for a slow connection, short enough when packets are dropped. */
const timeout = 5_000;

/** Uses the proxy that `env` names (https_proxy, no_proxy), like curl and git. */
export const networkOf = (env: Environment): Network => ({
  async whyUnreachable(url, signal) {
    // Loaded only here, because most runs do not use it.
    const {EnvHttpProxyAgent, request} = await import('undici');
    const proxies = {
      httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'] ?? '',
      httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
      noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    };
    const dispatcher = new EnvHttpProxyAgent(proxies);
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      const {statusCode, body} = await request(url, {dispatcher, signal: within});
      await body.dump();
      return statusCode < 400 || statusCode === 401 ? undefined : `status ${statusCode}`;
    } catch (error) {
      signal.throwIfAborted();
      return reasonOf(error);
    } finally {
      await dispatcher.destroy();
    }
  },
});

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeout / 1000} s`;
  return error.message || (errorCodeOf(error) ?? error.name);
};
