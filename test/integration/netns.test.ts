import {readdir, readFile, readlink, writeFile} from 'node:fs/promises';
import {basename} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {batchCommand, createNetnsBatch} from '../../runtime/src/netns/netns-batch.ts';
import {createExec, type LongLived} from '../../runtime/src/process/exec.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {isAlive} from '../rig/processes.ts';
import {until} from '../rig/wait.ts';

let node: TestNode;
beforeEach(async () => {
  node = await startNode();
  await rememberNodes(node);
});
afterEach(() => node[Symbol.asyncDispose]());

const namespaceOf = (pid: number | 'self', kind: 'mnt' | 'net') =>
  readlink(`/proc/${pid}/ns/${kind}`).catch(() => '');

/** The long-lived ip processes on the node. */
const batchProcesses = async (): Promise<number[]> => {
  const mounts = await namespaceOf(node.pid, 'mnt');
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).map(Number).filter((each) => each > 0)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const isBatch = command === `${batchCommand.join('\0')}\0` && isAlive(pid);
    if (isBatch && (await namespaceOf(pid, 'mnt')) === mounts) found.push(pid);
  }
  return found;
};
const onlyBatchProcess = async (): Promise<number> => {
  await until('there is one ip process', async () => (await batchProcesses()).length === 1);
  return (await batchProcesses())[0] ?? 0;
};

const loopbackState = async (netns: string): Promise<string> =>
  await node.inPod(netns, ['ip', '-brief', 'link', 'show', 'dev', 'lo']);
const up = /LOOPBACK,UP/;

/** Runs `script` in place of ip, on this node only; `"$real" "$@"` is ip itself. */
const replaceIp = async (script: string): Promise<void> => {
  const text = `#!/bin/sh\nreal=/run/ip\n${script}\n`;
  await writeFile(node.path('/run/other-ip'), text, {mode: 0o755});
  await node.run([
    'sh',
    '-c',
    'cp -L "$(command -v ip)" /run/ip && mount --bind /run/other-ip "$(readlink -f "$(command -v ip)")"',
  ]);
};
const restoreIp = () => node.run(['sh', '-c', 'umount "$(readlink -f "$(command -v ip)")"']);

describe('the long-lived ip process', () => {
  it('serves pod after pod, and holds nothing of those that are deleted', async () => {
    await using runtime = await startRuntime(node);
    const first = newPod('first');
    const {netns} = await bringUp(runtime.kni, first);
    const pid = await onlyBatchProcess();
    expect(await loopbackState(netns)).toMatch(up);
    // The kernel removes this pair when the netns is freed.
    const pair = ['link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'probed', 'netns', basename(netns)];
    await node.run(['ip', ...pair]);
    await takeDown(runtime.kni, first, netns);
    await until('the netns is freed', async () => !(await node.run(['ip', 'link'])).includes('probe'));
    for (let index = 0; index < 20; index++) {
      const pod = newPod(`pod-${index}`);
      const path = await createNetwork(runtime.kni, pod);
      await takeDown(runtime.kni, pod, path);
    }
    expect(await onlyBatchProcess()).toBe(pid);
    expect(await namespaceOf(pid, 'net')).toBe(await namespaceOf(node.pid, 'net'));
    const files = await readdir(`/proc/${pid}/fd`);
    const targets = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));
    expect(targets.filter((target) => target.startsWith('net:'))).toEqual([]);
    expect(await readFile(`/proc/${pid}/mountinfo`, 'utf8')).not.toContain(`${paths.netns}/kni-`);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('ends with the network runtime', async () => {
    const runtime = await startRuntime(node);
    const pod = newPod('pod');
    await createNetwork(runtime.kni, pod);
    const pid = await onlyBatchProcess();
    await runtime.stop('SIGKILL');
    await until('it has ended', () => !isAlive(pid));
    expect(await batchProcesses()).toEqual([]);
  });

  it.each([
    ['was killed', 'SIGKILL'],
    ['does not answer', 'SIGSTOP'],
  ] as const)('is replaced when it %s', async (_, signal) => {
    await using runtime = await startRuntime(node);
    const pod = newPod('pod');
    const {netns} = await bringUp(runtime.kni, pod);
    const pid = await onlyBatchProcess();
    process.kill(pid, signal);
    await takeDown(runtime.kni, pod, netns);
    const next = newPod('next');
    const second = await bringUp(runtime.kni, next);
    expect(isAlive(pid)).toBe(false);
    expect(await onlyBatchProcess()).not.toBe(pid);
    expect(await loopbackState(second.netns)).toMatch(up);
    await takeDown(runtime.kni, next, second.netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('is not needed', async () => {
    await replaceIp(
      'case "$*" in *-batch*) echo "Option -batch is unknown" >&2; exit 255;; esac; exec "$real" "$@"',
    );
    await using runtime = await startRuntime(node);
    const pod = newPod('pod');
    const {netns} = await bringUp(runtime.kni, pod);
    expect(await batchProcesses()).toEqual([]);
    expect(await loopbackState(netns)).toMatch(up);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('is not trusted after an unexpected line', async () => {
    const exec = createExec();
    const enter = ['nsenter', '--target', String(node.pid), '--mount', '--net', '--'];
    const opened: LongLived[] = [];
    const open = async () => {
      const child = await exec.startLongLived([...enter, ...batchCommand]);
      opened.push(child);
      return child;
    };
    const batch = createNetnsBatch({open});
    /** Not all at once: a command that waits too long for its turn is done in another way. */
    const allRun = async (names: readonly string[], command: string): Promise<void> => {
      for (let first = 0; first < names.length; first += 100) {
        const some = names.slice(first, first + 100).map((name) => batch.run(`netns ${command} ${name}`));
        expect((await Promise.all(some)).every(Boolean)).toBe(true);
      }
    };
    expect(await batch.run('netns add one')).toBe(true);
    expect(await batch.run('netns add one')).toBe(false);
    expect(opened.map(({pid = 0}) => isAlive(pid))).toEqual([false]);
    // Each process runs 1,000 commands.
    const names = Array.from({length: 1100}, (_, index) => `n${index}`);
    await allRun(names, 'add');
    await allRun([...names, 'one'], 'delete');
    expect(await readdir(node.path(paths.netns))).toEqual([]);
    expect(opened.length).toBeGreaterThan(2);
    const [, second] = opened;
    await until('the second process has ended', () => !isAlive(second?.pid ?? 0));
    for (const child of opened) child.stdin.end();
  });
});

describe('the loopback interface', () => {
  it('is brought up before a pod is attached, also after a crash', async () => {
    const pod = newPod('pod');
    const before = await startRuntime(node);
    const netns = await createNetwork(before.kni, pod);
    await until('it is up', async () => up.test(await loopbackState(netns)));
    await before.stop('SIGKILL');
    await node.inPod(netns, ['ip', 'link', 'set', 'dev', 'lo', 'down']);
    await using runtime = await startRuntime(node);
    await attach(runtime.kni, pod, netns);
    expect(await loopbackState(netns)).toMatch(up);
    await takeDown(runtime.kni, pod, netns);
  });

  it('fails the attachment when it stays down, and is tried again', async () => {
    await using runtime = await startRuntime(node);
    const pod = newPod('pod');
    await replaceIp(
      'case "$*" in *" lo up") echo "RTNETLINK answers: no" >&2; exit 2;; esac; exec "$real" "$@"',
    );
    const netns = await createNetwork(runtime.kni, pod);
    await expect(attach(runtime.kni, pod, netns)).rejects.toMatchObject({
      details: expect.stringContaining('cannot bring up the loopback interface') as string,
    });
    expect(await leftovers(node)).toMatchObject({leases: [], veths: []});
    await restoreIp();
    const ipconfigs = await attach(runtime.kni, pod, netns);
    expect(ipconfigs['eth0']?.ip).toHaveLength(1);
    expect(await loopbackState(netns)).toMatch(up);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
