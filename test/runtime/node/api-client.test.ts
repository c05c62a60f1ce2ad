import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {expect, it} from 'vitest';
import {getJson, streamJson} from '../../../runtime/src/node/api-client.ts';

/** Takes connections and says nothing, as a machine does that hangs. */
const startSilent = async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.length,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

it('gives up an API server that takes a connection and never answers', async () => {
  using silent = await startSilent();
  const cluster = {server: silent.server, ca: undefined, cert: undefined, key: undefined, token: undefined};
  const asked = {cluster, path: '/api/v1/nodes', signal: new AbortController().signal, silenceMs: 1_000};
  // Lines may be far between once a watch has begun, but not its beginning.
  const watched = streamJson(asked, 1_000_000).next();
  const both = await Promise.allSettled([getJson(asked), watched]);
  expect(both).toMatchObject([
    {reason: {message: 'the API server does not respond'}},
    {reason: {message: 'the API server does not respond'}},
  ]);
  expect(silent.connections()).toBe(2);
});
