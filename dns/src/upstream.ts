/** Forwards queries for names outside of the cluster to the resolvers of the node. Keeps no cache. */
import {randomInt} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {isIP} from 'node:net';
import {decode} from 'dns-packet';
import {errorText, type Log} from '../../runtime/src/log.ts';
import {exchange, type NameServer} from './exchange.ts';
import {encodeQuery, type Response, type Transport} from './wire.ts';

export interface Upstream {
  /** Returns the response of a resolver unchanged. Rejects if no resolver answers. */
  readonly forward: (packet: Buffer, transport: Transport) => Promise<Buffer>;
  /** Asks for one name; `type` is the number of the record type. Rejects if no resolver answers. */
  readonly lookUp: (name: string, type: number) => Promise<Response>;
}

/** Clients wait 5 s for a response. A node with one resolver asks it three times: UDP loses packets. */
const timeoutMs = 1_500;
const attempts = 3;
/** As in resolv.conf(5). */
const mostServers = 3;
/** Each query in progress has a socket. */
const mostQueries = 500;
const logEveryMs = 60_000;

/** Reads the resolvers of a resolv.conf(5). */
export const readResolvConf = async (path: string): Promise<readonly NameServer[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => isIP(address) !== 0)
    .slice(0, mostServers)
    .map((address) => ({address, port: 53}));

/** `isOwn`: whether queries to this address come back to this server. */
export const createUpstream = (
  servers: readonly NameServer[],
  log: Log,
  isOwn: (address: string) => boolean,
): Upstream => {
  let inProgress = 0;
  /** The server that answered last is asked first. */
  let preferred = 0;
  let lastLogged = -logEveryMs;

  const ask = async (packet: Buffer, transport: Transport): Promise<Buffer> => {
    if (servers.length === 0) throw new Error('the node has no resolvers');
    if (inProgress >= mostQueries) throw new Error(`${mostQueries} queries are being forwarded`);
    inProgress += 1;
    try {
      return await askInTurn(packet, transport);
    } finally {
      inProgress -= 1;
    }
  };

  const askInTurn = async (packet: Buffer, transport: Transport): Promise<Buffer> => {
    const first = preferred;
    const errors = new Set<string>();
    for (let count = 0; count < attempts; count += 1) {
      const index = (first + count) % servers.length;
      const server = servers[index];
      if (server === undefined) continue;
      if (isOwn(server.address)) {
        errors.add(`${server.address} is the Service of this DNS server`);
        continue;
      }
      try {
        const response = await exchange(packet, server, transport, timeoutMs);
        preferred = index;
        return response;
      } catch (error) {
        errors.add(errorText(error));
      }
    }
    throw new Error([...errors].join(', '));
  };

  const logged = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (performance.now() - lastLogged >= logEveryMs) {
        lastLogged = performance.now();
        log.warn('cannot forward queries to the resolvers of the node', {error: errorText(error)});
      }
      throw error;
    }
  };

  const lookUp = async (name: string, type: number): Promise<Response> => {
    const query = encodeQuery(randomInt(65_536), name, type);
    const first = await ask(query, 'udp');
    const isTruncated = (first.readUInt8(2) & 2) !== 0;
    const response = isTruncated ? await ask(query, 'tcp') : first;
    const {answers = [], authorities = []} = decode(response);
    return {rcode: rcodeOf(response), answers, authorities};
  };

  return {
    forward: (packet, transport) =>
      logged(forwardAs(randomInt(65_536), packet, (sent) => ask(sent, transport))),
    lookUp: (name, type) => logged(lookUp(name, type)),
  };
};

/** Sends the packet with an id of our own, and gives the response the client's id. */
const forwardAs = async (
  id: number,
  packet: Buffer,
  ask: (packet: Buffer) => Promise<Buffer>,
): Promise<Buffer> => {
  const response = Buffer.from(await ask(withId(packet, id)));
  return withId(response, packet.readUInt16BE(0));
};

const withId = (packet: Buffer, id: number): Buffer => {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(id, 0);
  return copy;
};

const rcodeOf = (packet: Buffer): number => packet.readUInt8(3) & 0xf;
