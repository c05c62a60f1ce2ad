import {once} from 'node:events';
import {lstat, mkdir, stat, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {create} from '@bufbuild/protobuf';
import {Server, ServerCredentials} from '@grpc/grpc-js';
import {describe, expect, it, vi} from 'vitest';
import {
  KNI,
  type QueryPodNetworkRequest,
  type QueryPodNetworkResponse,
  QueryPodNetworkResponseSchema,
} from '../../../runtime/src/gen/kni_pb.ts';
import {createLog} from '../../../runtime/src/log.ts';
import {WrongState} from '../../../runtime/src/network/errors.ts';
import type {Handler} from '../../../runtime/src/rpc/handler.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';
import {lockSocket, prepareSocket} from '../../../runtime/src/server/socket.ts';
import {type HandlerContext, unary} from '../../../runtime/src/server/unary.ts';
import {connectTo, type KniClient} from '../../rig/node/client.ts';
import {tempDir} from '../../rig/temp-dir.ts';

type Query = Handler<QueryPodNetworkRequest, QueryPodNetworkResponse>;

/** QueryPodNetwork with a handler of the test's own, over a real socket. */
const serving = async (handle: Query, options: {deadlineMs?: number; routine?: boolean} = {}) => {
  const dir = await tempDir();
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    {write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>)},
    {level: 'debug'},
  );
  const server = new Server();
  const shared = {} as HandlerContext;
  const rpc = {name: 'QueryPodNetwork', handle, deadlineMs: 60_000, ...options};
  server.addService(serviceDefinitionOf(KNI), {QueryPodNetwork: unary(rpc, shared, log)});
  await new Promise<void>((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
    server.bindAsync(`unix:${dir.join('kni.sock')}`, credentials, (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const kni: KniClient = connectTo(dir.join('kni.sock'));
  return {
    kni,
    lines,
    [Symbol.asyncDispose]: async () => {
      kni[Symbol.dispose]();
      server.forceShutdown();
      await dir[Symbol.asyncDispose]();
    },
  };
};

const fine = () => create(QueryPodNetworkResponseSchema);

describe('an RPC', () => {
  it('answers, and is one line in the log, with what was noted and what comes after', async () => {
    await using at = await serving(async ({id}, {note, after}) => {
      note({pod: 'default/web'});
      note({sandbox: id});
      after('and another thing');
      return fine();
    });
    await at.kni.queryPodNetwork({id: 'box'});
    expect(at.lines).toEqual([
      {
        level: 'info',
        msg: 'QueryPodNetwork ok',
        time: expect.any(String),
        rpc: 'QueryPodNetwork',
        pod: 'default/web',
        sandbox: 'box',
        ms: expect.any(Number),
      },
      {
        level: 'info',
        msg: 'and another thing',
        time: expect.any(String),
        rpc: 'QueryPodNetwork',
        pod: 'default/web',
        sandbox: 'box',
      },
    ]);
  });

  it.each<[string, Query, number]>([
    ['rejects', () => Promise.reject(new WrongState('not now')), 9],
    ['rejects with an unexpected error', () => Promise.reject(new TypeError('secret')), 13],
    [
      'throws at once',
      () => {
        throw new TypeError('secret');
      },
      13,
    ],
  ])('whose handler %s is an error for its caller alone', async (_, handle, code) => {
    let calls = 0;
    await using at = await serving((request, context) =>
      calls++ === 0 ? handle(request, context) : Promise.resolve(fine()),
    );
    const failure: unknown = await at.kni.queryPodNetwork({id: 'box'}).catch((error: unknown) => error);
    expect(failure).toMatchObject({code});
    expect(String(failure)).not.toContain('secret');
    await expect(at.kni.queryPodNetwork({id: 'box'})).resolves.toBeDefined();
  });

  it('that fails for no known reason names what leads to its line in the log', async () => {
    await using at = await serving(async (_, {note}) => {
      note({correlation: 'uid-1'});
      throw new TypeError('secret');
    });
    await expect(at.kni.queryPodNetwork({id: 'box'})).rejects.toMatchObject({
      code: 13,
      details: 'internal error uid-1, see the log of the network runtime',
    });
    const stack = expect.stringMatching(/^TypeError: secret\n.*serve\.test\.ts:/s) as string;
    expect(at.lines).toMatchObject([{correlation: 'uid-1', error: 'secret', stack}]);
  });

  it('tells the log what it does not tell the caller', async () => {
    await using at = await serving(() => Promise.reject(new Error('outer', {cause: new Error('inner')})));
    await expect(at.kni.queryPodNetwork({id: 'box'})).rejects.toMatchObject({code: 13});
    expect(at.lines).toMatchObject([{level: 'error', msg: 'QueryPodNetwork failed', error: 'outer: inner'}]);
  });

  it("is answered by the deadline even if its handler hangs, and the handler's signal is aborted", async () => {
    let told = false;
    await using at = await serving(
      (_, {signal}) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told = true;
          });
        }),
      {deadlineMs: 50},
    );
    await expect(at.kni.queryPodNetwork({id: 'box'})).rejects.toMatchObject({
      code: 4,
      details: 'not done within 50 ms',
    });
    expect(told).toBe(true);
  });

  it('gets the time until the deadline of its caller', async () => {
    let left = 0;
    await using at = await serving(async (_, {timeLeft}) => {
      left = timeLeft();
      return fine();
    });
    await at.kni.queryPodNetwork({id: 'box'}, {deadlineMs: 27_000});
    expect(left).toBeGreaterThan(17_000);
    expect(left).toBeLessThanOrEqual(27_000);
  });

  it.each([
    ['cancels it', 40_000, 1],
    ['has a deadline that passes', 2_000, 4],
  ])('whose caller %s says in the log that it was one of the two', async (how, deadlineMs, code) => {
    const caller = new AbortController();
    await using at = await serving(async (_, {signal}) => {
      if (how === 'cancels it') caller.abort();
      await once(signal, 'abort');
      throw signal.reason;
    });
    const asking = at.kni.queryPodNetwork({id: 'box'}, {deadlineMs, signal: caller.signal});
    await expect(asking).rejects.toMatchObject({code});
    await vi.waitUntil(() => at.lines.length > 0, {timeout: 10_000});
    expect(at.lines).toMatchObject([{error: 'the caller cancelled the call, or its deadline passed'}]);
  });

  it('that is routine has a line when the outcome is another one', async () => {
    let ready = false;
    await using at = await serving(
      async (_, {note}) => {
        note({ready});
        return fine();
      },
      {routine: true},
    );
    for (ready of [false, false, true, true, false]) await at.kni.queryPodNetwork({id: 'box'});
    expect(at.lines.map(({level}) => level)).toEqual(['info', 'debug', 'info', 'debug', 'info']);
  });
});

describe('the path of the socket', () => {
  const uid = process.getuid?.();
  it('gets a directory that is ours alone', async () => {
    await using dir = await tempDir();
    await lockSocket(dir.join('kni', 'kni.sock'));
    const {mode, uid: owner} = await stat(dir.join('kni'));
    expect([mode & 0o777, owner]).toEqual([0o700, uid]);
  });

  it('is cleared of a socket that no server is listening on, and of nothing else', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('kni'));
    await writeFile(dir.join('kni', 'file'), 'precious');
    await symlink(dir.join('kni', 'file'), dir.join('kni', 'link'));
    for (const name of ['file', 'link']) {
      await expect(prepareSocket(dir.join('kni', name))).rejects.toThrow('is not a socket');
      expect((await stat(dir.join('kni', name))).size).toBe(8);
    }
  });

  it('has one lock, whose holder is named to others', async () => {
    await using dir = await tempDir();
    const path = dir.join('kni', 'kni.sock');
    await lockSocket(path);
    await expect(lockSocket(path)).rejects.toMatchObject({
      name: 'AlreadyRunning',
      message: `another network runtime, process ${process.pid}, is using ${path}`,
    });
    await lockSocket(dir.join('kni', 'other.sock'));
  });

  it('is not replaced while another server answers', async () => {
    await using dir = await tempDir();
    const path = dir.join('kni.sock');
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(path, resolve);
    });
    await expect(prepareSocket(path)).rejects.toMatchObject({name: 'AlreadyRunning'});
    expect((await lstat(path)).isSocket()).toBe(true);
    other.close();
  });
});
