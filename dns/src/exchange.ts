/** Sends one query to a DNS server over UDP or TCP, and waits for its response. */
import {createSocket} from 'node:dgram';
import {connect, isIPv6} from 'node:net';
import type {Transport} from './wire.ts';

export interface NameServer {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/** Rejects after `timeoutMs`, and if the server cannot be reached. */
export const exchange = (
  packet: Buffer,
  server: NameServer,
  transport: Transport,
  timeoutMs: number,
): Promise<Buffer> => (transport === 'udp' ? overUdp : overTcp)(packet, server, timeoutMs);

/** A new socket for each query has a new random port, which forged responses must guess. */
const overUdp = async (packet: Buffer, {address, port}: NameServer, timeoutMs: number): Promise<Buffer> => {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      timer = setTimeout(() => reject(timeoutOf(address, timeoutMs)), timeoutMs);
      socket.on('error', reject);
      socket.on('message', (message) => {
        if (isResponseTo(packet, message)) resolve(message);
      });
      socket.connect(port, address, () => {
        if (isOpen) socket.send(packet);
      });
    });
  } finally {
    isOpen = false;
    clearTimeout(timer);
    socket.close();
  }
};

const overTcp = async (packet: Buffer, {address, port}: NameServer, timeoutMs: number): Promise<Buffer> => {
  const socket = connect({host: address, port});
  const timer = setTimeout(() => socket.destroy(timeoutOf(address, timeoutMs)), timeoutMs);
  try {
    socket.write(withLength(packet));
    let received: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      const {message, rest} = messageIn(received);
      if (message === undefined) continue;
      if (isResponseTo(packet, message)) return message;
      received = rest;
    }
    throw new Error(`${address} closed the connection without a response`);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
};

const timeoutOf = (address: string, ms: number): Error =>
  new Error(`${address} did not answer within ${ms} ms`);

/** Over TCP, two bytes before each message are its length. */
export const withLength = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
};

/** The first message of a TCP stream, and the bytes after it; undefined if it is incomplete. */
export const messageIn = (stream: Buffer): {readonly message: Buffer | undefined; readonly rest: Buffer} => {
  const end = stream.length < 2 ? Infinity : 2 + stream.readUInt16BE(0);
  return stream.length < end
    ? {message: undefined, rest: stream}
    : {message: stream.subarray(2, end), rest: stream.subarray(end)};
};

/** Whether the ids and the questions are equal. A server that rejects a query may leave out the question. */
const isResponseTo = (query: Buffer, response: Buffer): boolean => {
  if (response.length < 12 || (response.readUInt8(2) & 0x80) === 0) return false;
  if (response.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if (response.readUInt16BE(4) === 0) return (response.readUInt8(3) & 0xf) !== 0;
  return questionOf(query) === questionOf(response);
};

/** The bytes of the question, in lower case. */
const questionOf = (packet: Buffer): string => {
  let end = 12;
  for (let length = packet[end]; length; length = packet[end]) end += 1 + length;
  return packet.toString('latin1', 12, end + 5).toLowerCase();
};
