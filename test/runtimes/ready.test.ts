import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {waitForRuntime} from '../../src/runtimes/ready.ts';
import {networks, queryNodeNetworks, serveAnswer} from '../rig/answering-runtime.ts';
import {rejection} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

interface Node {
  readonly facts: string;
  /** A shell script instead of `kni-runtime networks`. */
  readonly answer: string;
  readonly hasSocket?: boolean;
}

/**
 * The scripts run here, with programs of the test's own instead of the node's, and another directory for the socket. The server there
 * closes connections, so curl finds no ready network.
 */
const nodeWith = async (dir: TempDir, {facts, answer, hasSocket = true}: Node) => {
  await mkdir(dir.join('bin'));
  const programs = {
    systemctl: `printf '%s\\n' ${facts}`,
    'kni-runtime': answer,
    journalctl: 'echo "last words"',
    // 15 s are too long for a test.
    date: 'if [ -e "$0.asked" ]; then echo 9999999999; else touch "$0.asked"; echo 0; fi',
  };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(dir.join('bin', name), `#!/bin/sh\n${script}\n`);
    await chmod(dir.join('bin', name), 0o755);
  }
  const server = createServer((socket) => socket.destroy());
  if (hasSocket) await new Promise<void>((done) => server.listen(dir.join('kni.sock'), done));
  const local = localHost();
  const host: Host = {
    run: ([file, args], options) =>
      local.run([file, args.map((each) => each.replaceAll('/run/kni/kni.sock', dir.join('kni.sock')))], {
        ...options,
        env: {PATH: `${dir.join('bin')}:${process.env['PATH']}`},
      }),
  };
  const {signal} = new AbortController();
  return {
    wait: () => waitForRuntime(host, {node: 'test1-worker', source: '/root/hello', since: 0, signal}),
    [Symbol.asyncDispose]: async () => void (await new Promise((done) => server.close(done))),
  };
};

const running = 'NRestarts=0 ExecMainStatus=0 SubState=running';
const printed = (ready: boolean): string => `echo '{"networks": [{"name": "a", "ready": ${ready}}]}'`;
const refuse = (text: string): string => `echo 'kni-runtime: ${text}' >&2; exit 1`;

describe('waitForRuntime', () => {
  it('resolves when a network is ready', async () => {
    await using dir = await tempDir();
    await using node = await nodeWith(dir, {facts: running, answer: printed(true)});
    await expect(node.wait()).resolves.toBeUndefined();
  });

  it('does not start kni-runtime for a runtime that answers curl', async () => {
    await using dir = await tempDir();
    await using node = await nodeWith(dir, {facts: running, answer: 'exit 1', hasSocket: false});
    const answer = networks({networks: [{name: 'a', ready: true}]});
    using _ = await serveAnswer(dir.join('kni.sock'), queryNodeNetworks, answer);
    await expect(node.wait()).resolves.toBeUndefined();
  });

  it.each<[string, Node, string]>([
    [
      'exits',
      {facts: 'NRestarts=2 ExecMainStatus=7 SubState=auto-restart', answer: 'exit 1', hasSocket: false},
      'it exits after its start, with status 7',
    ],
    [
      'cannot be executed',
      {facts: 'NRestarts=2 ExecMainStatus=203 SubState=auto-restart', answer: 'exit 1', hasSocket: false},
      'the node cannot execute it',
    ],
    [
      'listens elsewhere',
      {facts: running, answer: 'exit 1', hasSocket: false},
      'it runs, but has not created the socket',
    ],
    [
      'does not listen on its socket',
      {facts: running, answer: refuse('UNAVAILABLE: no server is listening on /run/kni/kni.sock')},
      'it runs, but does not listen on',
    ],
    ['hangs', {facts: running, answer: 'exec sleep 60'}, 'QueryNodeNetworks is not answered within 4 s'],
    [
      'lacks the method',
      {facts: running, answer: refuse('UNIMPLEMENTED: no such method')},
      'it does not implement QueryNodeNetworks',
    ],
    [
      'answers garbage',
      {facts: running, answer: refuse('INTERNAL: Protocol error')},
      'QueryNodeNetworks fails with INTERNAL: Protocol error',
    ],
    ['has no ready network', {facts: running, answer: printed(false)}, 'reports no ready network'],
    ['has no network', {facts: running, answer: 'echo "{}"'}, 'reports no ready network: {}'],
  ])('says why, when the runtime %s', async (_, given, why) => {
    await using dir = await tempDir();
    await using node = await nodeWith(dir, given);
    const error = await rejection(node.wait(), UserError);
    expect(error).toMatchObject({
      errorCode: 'KNI-E117',
      what: 'network runtime /root/hello does not work on test1-worker',
    });
    expect(error.why).toContain(why);
    expect(error.why.split('\n').at(-1)).toBe('  | last words');
  });
});
