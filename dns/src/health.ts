/** Answers the kubelet's probes over HTTP. */
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {Server} from 'node:net';

export interface HealthServer {
  readonly port: number;
  readonly close: () => void;
}

/** `/healthz` says that the program runs, `/readyz` that it can answer queries. */
export const serveHealth = async (
  {host, port}: {readonly host: string; readonly port: number},
  isReady: () => boolean,
): Promise<HealthServer> => {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const status = path === '/healthz' ? 200 : path === '/readyz' ? (isReady() ? 200 : 503) : 404;
    response.writeHead(status, {'content-type': 'text/plain'}).end(status === 200 ? 'ok\n' : 'not ready\n');
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: portOf(server),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** The port of a listening server. */
export const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return address.port;
};
