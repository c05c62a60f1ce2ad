import {createServer, type Socket} from 'node:net';
import {describe, expect, it} from 'vitest';
import {callRuntime} from '../../../runtime/src/client/ask.ts';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {tempDir} from '../../rig/temp-dir.ts';

/** What kni-runtime says of a server that does this with each connection. */
const refusalOf = async (serve?: (connection: Socket) => void): Promise<string> => {
  await using dir = await tempDir();
  const socket = dir.join('kni.sock');
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    serve?.(connection);
  });
  if (serve) await new Promise<void>((done) => server.listen(socket, done));
  try {
    const answer = callRuntime(socket, (ask) => ask(KNI.method.queryNodeNetworks, {}));
    return await answer.then(
      () => 'an answer',
      (error: unknown) => (error instanceof Error ? error.message.replace(socket, 'SOCKET') : String(error)),
    );
  } finally {
    server.close();
  }
};

describe('callRuntime', () => {
  it.each<[string, ((connection: Socket) => void) | undefined, string]>([
    ['without a server', undefined, 'UNAVAILABLE: no server is listening on SOCKET'],
    [
      'of a server that answers garbage',
      (connection) => connection.end('garbage\n'.repeat(200)),
      'UNAVAILABLE: the server on SOCKET does not speak gRPC',
    ],
    [
      'of a server that hangs up',
      (connection) => connection.destroy(),
      'UNAVAILABLE: the server on SOCKET closes connections',
    ],
  ])('says why it has no answer %s', async (_, serve, message) => {
    expect(await refusalOf(serve)).toBe(message);
  });
});
