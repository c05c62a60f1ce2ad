import {createServer} from 'node:net';
import {status} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {localHost} from '../../src/host/process.ts';
import {networksReady} from '../../src/runtimes/networks-ready.ts';
import {type Answer, networks, queryNodeNetworks, serveAnswer} from '../rig/answering-runtime.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

/** Whether the function finds the networks ready. Here curl asks a server in this process. */
const asked = async (dir: TempDir): Promise<boolean> => {
  const script = `${networksReady}networks_ready`.replace('/run/kni/kni.sock', dir.join('kni.sock'));
  try {
    await localHost().run(['sh', ['-c', script]], {timeout: 10_000});
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.exitStatus === 1) return false;
    throw error;
  }
};

const askedOf = async (answer: Answer, path = queryNodeNetworks): Promise<boolean> => {
  await using dir = await tempDir();
  using _ = await serveAnswer(dir.join('kni.sock'), path, answer);
  return await asked(dir);
};

const one = {name: 'one', ready: true, extradata: {version: 'x'.repeat(300)}};
const two = {name: 'two', ready: true};
const waiting = {name: 'waiting', extradata: {reason: 'NodeIsNew'}};
/** A field that a later version of KNI may have: number 15 with each wire type. */
const laterFields = Buffer.from([0x78, 0x90, 0x4e, 0x79, ...Buffer.alloc(8), 0x7d, ...Buffer.alloc(4)]);

describe('networks_ready', () => {
  it.each<[string, Buffer]>([
    ['one network', networks({networks: [two]})],
    ['networks and extradata', networks({networks: [one, two], extradata: {key: 'value'}})],
    ['unknown fields', Buffer.concat([laterFields, networks({networks: [one]}), laterFields])],
  ])('succeeds when all networks of the answer are ready: %s', async (_, answer) => {
    expect(await askedOf(answer)).toBe(true);
  });

  it.each<[string, Answer]>([
    ['no network', networks({})],
    ['a network that is not ready', networks({networks: [waiting]})],
    ['one ready network of two', networks({networks: [one, waiting]})],
    ['one ready network of two, the other first', networks({networks: [waiting, one]})],
    ['bytes that are no message', Buffer.from('ready: true')],
    ['a message that ends too early', networks({networks: [one]}).subarray(0, -1)],
    ['an error', status.INTERNAL],
  ])('fails for %s', async (_, answer) => {
    expect(await askedOf(answer)).toBe(false);
  });

  it('fails for a server that lacks the method', async () => {
    expect(await askedOf(networks({networks: [one]}), '/kni.KNI/Other')).toBe(false);
  });

  it.each<[string, (write: (text: string) => void, end: () => void) => void]>([
    ['closes connections', (_, end) => end()],
    ['does not answer', () => undefined],
    ['speaks HTTP/1', (write, end) => (write('HTTP/1.1 200 OK\r\ngrpc-status: 0\r\n\r\n'), end())],
    ['writes without end', (write) => write('grpc-status: 0\r\n'.repeat(100_000))],
  ])('fails within seconds for a server that %s', async (_, answer) => {
    await using dir = await tempDir();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      answer(
        (text) => socket.write(text),
        () => socket.end(),
      );
    });
    await new Promise<void>((done) => server.listen(dir.join('kni.sock'), done));
    expect(await asked(dir)).toBe(false);
    server.close();
  });

  it('fails without a socket', async () => {
    await using dir = await tempDir();
    expect(await asked(dir)).toBe(false);
  });
});
