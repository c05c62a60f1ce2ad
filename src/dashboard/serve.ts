/** Serves an application on the loopback interface only. */

import {createServer, type Server} from 'node:http';
import {getRequestListener} from '@hono/node-server';
import type {Hono} from 'hono';
import {UserError} from '../errors.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';

export interface Serving {
  readonly port: number;
  /** Resolves when all connections are closed. */
  readonly close: () => Promise<void>;
}

const loopback = '127.0.0.1';
const mostConnections = 128;

/** `port` 0 takes a free port. `makeApp` is called when the port is known. Throws UserError when the port is taken. */
export const serve = async (port: number, makeApp: (port: number) => Hono): Promise<Serving> => {
  const server = createServer({headersTimeout: 10_000, requestTimeout: 10_000});
  server.maxConnections = mostConnections;
  const listening = await listen(server, port);
  const answer = getRequestListener(makeApp(listening).fetch, {hostname: loopback});
  server.on('request', (request, response) => void answer(request, response));
  return {
    port: listening,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(port, error)));
    server.listen({port, host: loopback}, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('the server has no port'));
      resolve(address.port);
    });
  });

const cannotListen = (port: number, error: Error): UserError => {
  const code = errorCodeOf(error);
  const why =
    code === 'EADDRINUSE'
      ? 'another program listens there'
      : code === 'EACCES'
        ? 'ports below 1024 need root'
        : messageOf(error);
  return new UserError(
    {
      what: `cannot listen on ${loopback}:${port}`,
      why,
      tryThis: 'leave out --port to take a free port, or choose another one',
      code: 'KNI-E231',
    },
    {cause: error},
  );
};
