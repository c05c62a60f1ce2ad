/** A resolver of a node: answers over UDP and TCP with what a test tells it. */
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {type Answer, decode, encode, type Packet, RECURSION_AVAILABLE, streamEncode} from 'dns-packet';

export interface Resolver extends Disposable {
  readonly address: string;
  /** Decoded queries, with their transport. */
  readonly asked: {readonly transport: 'udp' | 'tcp'; readonly packet: Packet}[];
  readonly answers: (name: string, answers: readonly Answer[], rcode?: number) => void;
  /** Says nothing from now on. */
  readonly silence: (silent?: boolean) => void;
  /** Sets the TC bit over UDP, and leaves out the answers. */
  readonly truncate: () => void;
}

/** It listens on port 53 of `address`, because a resolv.conf names no port. */
export const startResolver = async (address: string): Promise<Resolver> => {
  const known = new Map<string, {answers: readonly Answer[]; rcode: number}>();
  const asked: Resolver['asked'] = [];
  let isSilent = false;
  let truncates = false;
  const responseTo = (packet: Buffer, transport: 'udp' | 'tcp'): Packet | undefined => {
    const query = decode(packet);
    asked.push({transport, packet: query});
    if (isSilent) return undefined;
    const {answers, rcode} = known.get(query.questions?.[0]?.name.toLowerCase() ?? '') ?? {
      answers: [],
      rcode: 3,
    };
    const isTruncated = truncates && transport === 'udp';
    return {
      type: 'response',
      id: query.id ?? 0,
      flags: RECURSION_AVAILABLE | rcode | (isTruncated ? 1 << 9 : 0),
      questions: query.questions ?? [],
      answers: isTruncated ? [] : [...answers],
    };
  };
  const udp = createSocket('udp4');
  udp.on('message', (packet, client) => {
    const response = responseTo(packet, 'udp');
    if (response) udp.send(encode(response), client.port, client.address);
  });
  udp.bind(53, address);
  await once(udp, 'listening');
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const response = responseTo(data.subarray(2), 'tcp');
      if (response) socket.write(streamEncode(response));
    });
  });
  tcp.listen(53, address);
  await once(tcp, 'listening');
  return {
    address: (tcp.address() as AddressInfo).address,
    asked,
    answers: (name, answers, rcode = 0) => void known.set(name, {answers, rcode}),
    silence: (silent = true) => {
      isSilent = silent;
    },
    truncate: () => {
      truncates = true;
    },
    [Symbol.dispose]: () => {
      udp.close();
      tcp.close();
      for (const socket of connections) socket.destroy();
    },
  };
};
