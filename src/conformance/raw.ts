/** Talks to a unix socket below gRPC, as other clients and broken ones do. */

import {once} from 'node:events';
import {connect as connectHttp2, type IncomingHttpHeaders, type OutgoingHttpHeaders} from 'node:http2';
import {connect} from 'node:net';
import {type StatusName, statusName} from './kni-client.ts';

export interface RawAnswer {
  /** The gRPC status; undefined if the server sent none. */
  readonly status: StatusName | undefined;
  /** `NGHTTP2_PROTOCOL_ERROR`, or undefined. */
  readonly problem: string | undefined;
}

/** Makes a unary call with any bytes as its message, on a new connection. `path` is `/kni.KNI/CreateNetwork`. */
export const callRaw = async (
  socket: string,
  path: string,
  message: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> => {
  const session = connectHttp2('http://localhost', {createConnection: () => connect(socket)});
  let problem: string | undefined;
  const fail = (error: Error): void => {
    problem ??= error.message;
  };
  session.on('error', fail);
  try {
    const stream = session.request({
      ...headers,
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: string | undefined;
    const take = ({'grpc-status': grpcStatus}: IncomingHttpHeaders): void => {
      status ??= grpcStatus?.toString();
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('error', fail);
    stream.setTimeout(answerTime, () => {
      fail(new Error('no answer'));
      stream.destroy();
    });
    stream.resume();
    stream.end(frameOf(message));
    if (!stream.closed) await once(stream, 'close').catch(() => undefined);
    return {status: status === undefined ? undefined : statusName(Number(status)), problem};
  } finally {
    session.destroy();
  }
};

/** A gRPC frame: not compressed, the length, the message. */
const frameOf = (message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

/** Milliseconds. */
const answerTime = 10_000;

/** Sends bytes on a new connection, and waits until the server closes it or is silent for 200 ms. */
export const sendBytes = (socket: string, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    const peer = connect(socket, () => peer.end(bytes));
    peer.setTimeout(200, () => peer.destroy());
    peer.on('error', () => undefined);
    peer.on('close', () => resolve());
    peer.resume();
  });

/** Opens connections that send nothing. Returns a function that closes them. */
export const openConnections = async (socket: string, count: number): Promise<() => void> => {
  const peers = Array.from({length: count}, () => connect(socket).on('error', () => undefined));
  await Promise.all(peers.map((peer) => once(peer, 'connect').catch(() => undefined)));
  return () => {
    for (const peer of peers) peer.destroy();
  };
};
