/** Talks to a unix socket below gRPC, as no proper client would. */
import {once} from 'node:events';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import {connect} from 'node:net';

export const openSession = (socket: string): ClientHttp2Session => {
  const session = connectHttp2('http://localhost', {createConnection: () => connect(socket)});
  session.on('error', () => undefined);
  return session;
};

/** Makes a unary call with any bytes as message. Returns the gRPC status, if any. */
export const callRaw = async (
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
  headers: OutgoingHttpHeaders = {},
) => {
  const stream = session.request({
    ...headers,
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let status: string | undefined;
  const take = ({'grpc-status': told}: IncomingHttpHeaders) => {
    status ??= told?.toString();
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.on('error', () => undefined);
  stream.resume();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([frame, message]));
  if (!stream.closed) await once(stream, 'close');
  return status === undefined ? undefined : Number(status);
};

/** Sends bytes on a new connection, and waits until the server closes it or does not answer. */
export const sendRaw = (socket: string, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const peer = connect(socket, () => peer.end(bytes));
    peer.setTimeout(200, () => peer.destroy());
    peer.on('error', () => undefined);
    peer.on('close', () => resolve());
    peer.resume();
  });
