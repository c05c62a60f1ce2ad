/** The bundled network runtime as a process on a test node. */
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {inject} from 'vitest';
import {end} from '../processes.ts';
import {until} from '../wait.ts';
import {connectTo, type KniClient} from './client.ts';
import type {TestNode} from './node.ts';

export interface TestRuntime extends AsyncDisposable {
  readonly kni: KniClient;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Ends it, at once or in good order, and waits for its end. */
  readonly stop: (signal: NodeJS.Signals) => Promise<void>;
}

export type LogLine = Readonly<Record<string, unknown>> & {readonly level: string; readonly msg: string};

export const nodeName = 'node-a';
export const podCidr = '10.77.1.0/24';
export const paths = {
  socket: '/run/kni/kni.sock',
  state: '/run/state',
  records: '/run/state/pods',
  leases: '/run/state/ipam/kni',
  definitions: '/run/state/network-attachment-definitions.json',
  netns: '/run/netns',
  conf: '/run/net.d',
  kubeconfig: '/run/kubelet.conf',
  othersConf: '/run/others/net.d',
  othersCache: '/run/others/cni',
} as const;

/** Unless told otherwise the node knows its podCIDR from before, as after a restart with the API server down. */
export const rememberNodes = async (
  node: TestNode,
  nodes: readonly object[] = [{name: nodeName, podCidr, internalIp: ''}],
) => {
  await mkdir(node.path(paths.state), {recursive: true});
  await writeFile(node.path(`${paths.state}/nodes.json`), JSON.stringify(nodes));
};

export interface Launching {
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of descriptors that it may have open. */
  readonly openFiles?: number;
}

export const launchRuntime = (
  node: TestNode,
  flags: readonly string[] = [],
  {env = {}, openFiles}: Launching = {},
) => {
  const wiring = {
    'node-name': nodeName,
    socket: paths.socket,
    'state-dir': paths.state,
    'netns-dir': paths.netns,
    'cni-conf-dir': paths.conf,
    'cni-bin-dir': inject('tools').pluginDir,
    kubeconfig: paths.kubeconfig,
    'container-runtime-cni-dir': paths.othersConf,
    'cni-cache-dir': paths.othersCache,
  };
  const wired = Object.entries(wiring).map(([flag, value]) => `--${flag}=${value}`);
  const added = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const program = ['env', ...added, process.execPath, inject('runtimeFile'), ...wired, ...flags];
  const limited = ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh'];
  const child = node.start([...(openFiles === undefined ? [] : limited), ...program]);
  const log: LogLine[] = [];
  if (child.stdout)
    createInterface({input: child.stdout}).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  return {child, log};
};

/** Returns when it serves; rejects when it ends before that. */
export const startRuntime = async (
  node: TestNode,
  flags: readonly string[] = [],
  launching: Launching = {},
): Promise<TestRuntime> => {
  const {child, log} = launchRuntime(node, flags, launching);
  const exited = once(child, 'exit').then(() => {
    throw new Error(`the network runtime has ended: ${JSON.stringify(log.at(-1))}`);
  });
  exited.catch(() => undefined); // later ends are the tests' business
  await Promise.race([until('it serves KNI', () => log.some(({msg}) => msg === 'serving KNI')), exited]);
  const kni = connectTo(node.path(paths.socket));
  const stop = async (signal: NodeJS.Signals) => {
    kni[Symbol.dispose]();
    await end(child, signal);
  };
  return {kni, process: child, log, stop, [Symbol.asyncDispose]: () => stop('SIGKILL')};
};
