/** A node for tests: a network and a mount namespace, in which a bundled runtime runs as on a node of a cluster. */
import {existsSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {createExec, type LongLived} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {connectKni, type KniCalls} from './client.ts';

export interface TestNode {
  /** Runs a program on the node. Returns its standard output; rejects as `run` does. */
  run(command: readonly string[]): Promise<string>;
  /** Starts a bundle with Node.js. Resolves when a network of it is ready; rejects with its output after 20 s. */
  startRuntime(file: string): Promise<TestRuntime>;
  /** Ends its runtimes, and removes everything that they made. */
  remove(): Promise<void>;
}

export interface TestRuntime {
  readonly kni: KniCalls;
  /** All lines that it has printed. */
  output(): readonly string[];
  /** Ends it with SIGTERM, or SIGKILL as a crash. Resolves when it has ended. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface TestNodeOptions {
  /** The subnets for pods. Default: `10.99.0.0/24`. */
  readonly podCidrs?: readonly string[];
}

const readyMs = 20_000;

// /sys shows the interfaces of the network namespace that it was mounted from. `ip netns` may have mounted /run/netns on this
// machine; a mount point below the new /run would still be listed there.
export const setUpNode =
  'while umount --lazy /run/netns 2>/dev/null; do :; done; mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up && echo up';

/** Needs root. Its netns, interfaces and mounts are invisible to this machine, and vanish with it. */
export const startTestNode = async ({
  podCidrs = ['10.99.0.0/24'],
}: TestNodeOptions = {}): Promise<TestNode> => {
  const exec = createExec();
  const dir = await mkdtemp(join(tmpdir(), 'kni-test-node-'));
  const namespaces = ['unshare', '--mount', '--net', '--propagation', 'private'];
  const holder = await exec.startLongLived([...namespaces, 'sh', '-c', `${setUpNode} && exec cat`]);
  const started = collect(holder);
  await until(
    () => started.includes('up'),
    holder,
    () => `the test node did not start: ${started.join(' ')}`,
  );
  const enter = ['--target', String(holder.pid), '--mount', '--net', '--'];
  const runtimes = new Set<TestRuntime>();
  const socket = join(dir, 'kni', 'kni.sock');
  const settings = [
    `KNI_SOCKET=${socket}`,
    `KNI_STATE_DIR=${join(dir, 'state')}`,
    'KNI_NETNS_DIR=/run/netns',
    'KNI_NODE_NAME=test-node',
    `KNI_POD_CIDRS=${podCidrs.join()}`,
  ];
  const startRuntime = async (file: string): Promise<TestRuntime> => {
    const path = resolve(file);
    if (!existsSync(path)) throw new Error(`${path} does not exist: run kni-demo runtime build first`);
    const child = await exec.startLongLived([
      'nsenter',
      ...enter,
      'env',
      ...settings,
      process.execPath,
      path,
    ]);
    const lines = collect(child);
    const kni = connectKni(socket);
    const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
      kni.close();
      runtimes.delete(runtime);
      if (hasEnded(child) || child.pid === undefined) return;
      process.kill(child.pid, signal);
      await endOf(child);
    };
    const runtime: TestRuntime = {kni, output: () => lines, stop};
    runtimes.add(runtime);
    const isReady = async () => {
      const {networks} = await kni.queryNodeNetworks().catch(() => ({networks: []}));
      return networks.some(({ready}) => ready);
    };
    try {
      await until(isReady, child, () => `the runtime did not become ready:\n${lines.join('\n')}`);
    } catch (error) {
      await stop('SIGKILL');
      throw error;
    }
    return runtime;
  };
  return {
    run: ([file = '', ...args]) => runTool(exec, 'nsenter', [...enter, file, ...args]),
    startRuntime,
    remove: async () => {
      for (const each of runtimes) await each.stop('SIGKILL');
      holder.stdin.end();
      if (!hasEnded(holder)) await endOf(holder);
      await rm(dir, {recursive: true, force: true});
    },
  };
};

const hasEnded = ({exitCode, signalCode}: LongLived): boolean => exitCode !== null || signalCode !== null;

const endOf = (child: LongLived): Promise<void> =>
  new Promise((ended) => {
    child.once('exit', () => ended());
  });

const collect = (child: LongLived): string[] => {
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
};

const until = async (
  isDone: () => Promise<boolean> | boolean,
  child: LongLived,
  complaint: () => string,
): Promise<void> => {
  const end = performance.now() + readyMs;
  while (!(await isDone())) {
    if (performance.now() > end || hasEnded(child)) {
      await delay(100); // for its last lines
      throw new Error(complaint());
    }
    await delay(50);
  }
};
