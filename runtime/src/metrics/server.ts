/** Serves /metrics and /healthz over HTTP. Pods get their networks without it, so its failures are only warnings. */
import {createServer, type RequestListener} from 'node:http';
import type {Registry} from 'prom-client';
import {errorText, type Log} from '../log.ts';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

export interface MetricsServerParts {
  readonly registry: Registry;
  /** Describes the problem; undefined while healthy. */
  readonly healthy: () => string | undefined;
  readonly log: Log;
}

/** Serves until the signal aborts. Resolves when the server listens, or when it has logged why it cannot. */
export const serveMetrics = async (
  {host, port}: MetricsAddress,
  parts: MetricsServerParts,
  signal: AbortSignal,
): Promise<void> => {
  if (signal.aborted) return;
  const {log} = parts;
  const server = createServer({requestTimeout: 5000, headersTimeout: 5000}, answer(parts));
  server.maxConnections = 32;
  signal.addEventListener('abort', () => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => {
    server.once('error', (error) => {
      log.warn('cannot serve metrics', {host, port, error: errorText(error)});
      resolve();
    });
    server.listen({host, port}, () => {
      log.info('serving metrics', {address: server.address()});
      resolve();
    });
  });
};

const answer =
  ({registry, healthy, log}: MetricsServerParts): RequestListener =>
  (request, response) => {
    const say = (statusCode: number, text: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(statusCode, {'content-type': type}).end(text);
    if (request.method !== 'GET') return void say(405, 'GET only\n');
    const path = request.url?.split('?')[0];
    if (path === '/healthz') {
      const trouble = healthy();
      return void say(trouble === undefined ? 200 : 503, `${trouble ?? 'ok'}\n`);
    }
    if (path !== '/metrics') return void say(404, 'not found; use /metrics or /healthz\n');
    registry.metrics().then(
      (text) => say(200, text, registry.contentType),
      (error: unknown) => {
        log.warn('cannot collect metrics', {error: errorText(error)});
        say(500, 'see the log of the network runtime\n');
      },
    );
  };
