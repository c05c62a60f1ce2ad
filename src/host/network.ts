/** The port to the network, for the one question whether somebody is there. */

import {errorCodeOf} from '../thrown.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Network {
  /** Why nobody at `url` answers, in a few words; undefined where somebody does, be it that a password is wanted. */
  whyUnreachable(url: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Long enough for a slow line, short enough to wait for where packets vanish. In ms. */
const patience = 5_000;

/** Through the proxy that `env` names (https_proxy, no_proxy), if any, as curl and git go. */
export const networkOf = (env: Environment): Network => ({
  async whyUnreachable(url, signal) {
    // Loaded where it is needed: most runs ask nobody.
    const {EnvHttpProxyAgent, request} = await import('undici');
    const proxies = {
      httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'] ?? '',
      httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
      noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    };
    const dispatcher = new EnvHttpProxyAgent(proxies);
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
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
  if (error.name === 'TimeoutError') return `no answer within ${patience / 1000} s`;
  return error.message || (errorCodeOf(error) ?? error.name);
};
