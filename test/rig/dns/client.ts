/** A DNS client that shows the whole response. */
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {connect} from 'node:net';
import {
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_DESIRED,
  type RecordType,
} from 'dns-packet';

export interface Reply {
  readonly rcode: number;
  readonly flags: {readonly authoritative: boolean; readonly truncated: boolean; readonly available: boolean};
  /** `web.default.svc.cluster.local 5 A 10.96.0.7`, sorted. */
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  readonly additionals: readonly string[];
  readonly packet: DecodedPacket;
  readonly bytes: number;
}

export type Transport = 'udp' | 'tcp';

export interface Asked {
  readonly transport?: Transport;
  /** The EDNS size. */
  readonly udpBytes?: number;
  readonly ednsVersion?: number;
}

let nextId = 1;

export const queryFor = (name: string, type: string, {udpBytes, ednsVersion = 0}: Asked = {}): Buffer => {
  nextId = (nextId % 65_535) + 1;
  const packet: Packet = {
    type: 'query',
    id: nextId,
    flags: RECURSION_DESIRED,
    questions: [{name, type: type as RecordType}],
    ...(udpBytes !== undefined && {
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: udpBytes,
          extendedRcode: 0,
          ednsVersion,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
  };
  return encode(packet);
};

/** Sends bytes over UDP; undefined if no response comes within `waitMs`. */
export const sendUdp = async (port: number, packet: Buffer, waitMs = 8_000): Promise<Buffer | undefined> => {
  const socket = createSocket('udp4');
  try {
    return await new Promise<Buffer | undefined>((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), waitMs);
      socket.on('error', reject);
      socket.on('message', (message) => {
        clearTimeout(timer);
        resolve(message);
      });
      socket.send(packet, port, '127.0.0.1');
    });
  } finally {
    socket.close();
  }
};

/** Sends messages over one TCP connection, and returns as many responses; fewer if the server closes it. */
export const sendTcp = async (port: number, ...packets: readonly Buffer[]): Promise<readonly Buffer[]> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const packet of packets) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(packet.length);
    socket.write(Buffer.concat([length, packet]));
  }
  const responses: Buffer[] = [];
  let received: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        responses.push(received.subarray(2, end));
        received = received.subarray(end);
      }
      if (responses.length === packets.length) break;
    }
  } finally {
    socket.destroy();
  }
  return responses;
};

export const ask = async (port: number, name: string, type: string, asked: Asked = {}): Promise<Reply> => {
  const query = queryFor(name, type, asked);
  const response = asked.transport === 'tcp' ? (await sendTcp(port, query))[0] : await sendUdp(port, query);
  if (response === undefined) throw new Error(`no response about ${name} ${type}`);
  return replyOf(response, query);
};

export const replyOf = (response: Buffer, query: Buffer): Reply => {
  const packet = decode(response);
  if (packet.id !== query.readUInt16BE(0)) throw new Error('the response has another id');
  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  return {
    rcode: (response.readUInt8(3) & 0xf) + 16 * (opt?.type === 'OPT' ? opt.extendedRcode : 0),
    flags: {
      authoritative: packet.flag_aa,
      truncated: packet.flag_tc,
      available: packet.flag_ra,
    },
    answers: shown(packet.answers),
    authorities: shown(packet.authorities),
    additionals: shown(packet.additionals),
    packet,
    bytes: response.length,
  };
};

const shown = (records: Packet['answers']): readonly string[] =>
  (records ?? [])
    .flatMap((record) => {
      if (record.type === 'OPT') return [];
      const {name, type, ttl} = record;
      return [`${name} ${ttl} ${type} ${dataOf(record)}`];
    })
    .sort();

const dataOf = (record: Exclude<NonNullable<Packet['answers']>[number], {type: 'OPT'}>): string => {
  if (record.type === 'SRV') {
    const {priority, weight, port, target} = record.data;
    return `${priority} ${weight} ${port} ${target}`;
  }
  if (record.type === 'SOA') return `${record.data.mname} ${record.data.rname} ${record.data.minimum}`;
  return typeof record.data === 'string' ? record.data : [record.data].flat().map(textOf).join(' ');
};

const textOf = (data: unknown): string =>
  Buffer.isBuffer(data) ? data.toString('latin1') : JSON.stringify(data);
