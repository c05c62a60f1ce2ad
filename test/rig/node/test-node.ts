/** A test node: a network and a mount namespace, which disappear with their contents when it is disposed of. */
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {setUpNode} from '../../../runtime/src/sdk/test-node.ts';
import {end, output} from '../processes.ts';

export interface TestNode extends AsyncDisposable {
  /** Of a process in its namespaces. */
  readonly pid: number;
  /** A path of the node, as the host sees it. */
  readonly path: (inside: string) => string;
  /** Runs a program on the node. */
  readonly run: (args: readonly string[], input?: string) => Promise<string>;
  /** Starts one; it is ended with the node. */
  readonly start: (args: readonly string[]) => ChildProcess;
  /** Runs a program in a pod's netns. */
  readonly inPod: (netns: string, args: readonly string[]) => Promise<string>;
}

const boot = `${setUpNode} && exec sleep infinity`;

/** `env` is added to the environment of programs on the node. */
export const startTestNode = async (env: Readonly<Record<string, string>>): Promise<TestNode> => {
  const options = {env: {...process.env, ...env}};
  const holder = spawn('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-c', boot], {
    ...options,
    stdio: 'pipe',
  });
  let complaint = '';
  holder.stderr.on('data', (chunk) => (complaint += String(chunk)));
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'close').then(() => {
      throw new Error(`the test node did not start: ${complaint.trim()}`);
    }),
  ]);
  // Looked up while the holder runs: Ctrl-C ends the holder, but not every process on the node.
  const namespace = await namespaceOf(holder.pid);
  const enter = ['--target', String(holder.pid), '--mount', '--net', '--'];
  const started: ChildProcess[] = [];
  const run: TestNode['run'] = (args, input) =>
    output('nsenter', [...enter, ...args], {...options, ...(input && {input})});
  return {
    pid: holder.pid ?? 0,
    path: (inside) => join(`/proc/${holder.pid}/root`, inside),
    run,
    start: (args) => {
      const child = spawn('nsenter', [...enter, ...args], {...options, stdio: 'pipe'});
      started.push(child);
      return child;
    },
    inPod: (netns, args) => run(['nsenter', `--net=${netns}`, '--', ...args]),
    [Symbol.asyncDispose]: async () => {
      for (const child of started) await end(child);
      for (const pid of await processesOn(namespace)) if (pid !== holder.pid) kill(pid);
      await end(holder);
    },
  };
};

const namespaceOf = (pid: number | undefined): Promise<string> =>
  readlink(`/proc/${pid}/ns/mnt`).catch(() => '');

/** Processes in the node's mount namespace, such as orphaned plugins. */
const processesOn = async (namespace: string): Promise<number[]> => {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const same = await Promise.all(pids.map(async (pid) => (await namespaceOf(pid)) === namespace));
  return pids.filter((_, index) => same[index]);
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
};
