/** Listens for queries over UDP and TCP. */
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {createServer, isIPv6, type Socket} from 'node:net';
import {errorText, type Log} from '../../runtime/src/log.ts';
import type {Answerer} from './answer.ts';
import {messageIn, withLength} from './exchange.ts';
import {portOf} from './health.ts';

export interface DnsServer {
  readonly port: number;
  readonly close: () => void;
}

/** For one whole query; RFC 7766 recommends some seconds. Clients that send single bytes must not occupy connections. */
const usualIdleMs = 10_000;
const mostConnections = 250;

/** Port 0 is any free port. Rejects if the port cannot be bound. */
export const listen = async (
  {host, port}: {readonly host: string; readonly port: number},
  answer: Answerer,
  log: Log,
  idleMs: number = usualIdleMs,
): Promise<DnsServer> => {
  const connections = new Set<Socket>();
  // A client may end its side of the connection before it has its response.
  const tcp = createServer({allowHalfOpen: true}, (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    // Clients may reset their connections.
    serve(connection, answer, idleMs).catch(() => connection.destroy());
  });
  tcp.maxConnections = mostConnections;
  tcp.listen(port, host);
  await once(tcp, 'listening');

  const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  udp.on('message', (packet, client) => {
    answer(packet, 'udp')
      .then((response) => {
        if (response) udp.send(response, client.port, client.address, () => undefined);
      })
      // The client may be gone, and the socket closed.
      .catch(() => undefined);
  });
  const bound = portOf(tcp);
  udp.bind(bound, host);
  await once(udp, 'listening');
  for (const server of [tcp, udp])
    server.on('error', (error: Error) => log.error('cannot receive queries', {error: errorText(error)}));

  return {
    port: bound,
    close: () => {
      tcp.close();
      udp.close();
      for (const connection of connections) connection.destroy();
    },
  };
};

/** Answers one query after the other, so that one connection cannot occupy the server. */
const serve = async (connection: Socket, answer: Answerer, idleMs: number): Promise<void> => {
  const timer = setTimeout(() => connection.destroy(), idleMs);
  connection.on('close', () => clearTimeout(timer));
  let received: Buffer = Buffer.alloc(0);
  for await (const chunk of connection.iterator({destroyOnReturn: false})) {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    for (;;) {
      const {message, rest} = messageIn(received);
      if (message === undefined) break;
      received = rest;
      timer.refresh();
      const response = await answer(message, 'tcp');
      if (response === undefined) {
        connection.destroy();
        return;
      }
      timer.refresh();
      if (!connection.write(withLength(response))) await once(connection, 'drain');
    }
  }
  connection.end();
};
