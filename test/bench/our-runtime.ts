/** The network runtime of this repository as a process on a test node, started the way its systemd unit starts it. */
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {connectTo, type KniClient} from '../rig/node/client.ts';
import type {TestNode} from '../rig/node/test-node.ts';
import {end} from '../rig/processes.ts';
import {conflistText} from './network.ts';

export interface Program {
  /** The bundled network runtime. */
  readonly file: string;
  /** Node.js, and a directory for what it compiles, as there is on a node. Only Node.js 22 and later use that. */
  readonly node: string;
  readonly compileCache: string;
  readonly pluginDir: string;
}

export interface Runtime extends AsyncDisposable {
  readonly kni: KniClient;
  readonly pid: number;
  /** Ends it in good order. */
  readonly stop: () => Promise<void>;
}

const paths = {socket: '/run/kni/kni.sock', netns: '/run/netns', conf: '/run/net.d'} as const;

export const netnsDir = paths.netns;

export const leasesIn = (stateDir: string): string => `${stateDir}/ipam`;

/** `stateDir` is on a disk, as on a real node, so that records cost the same. */
export const startOurs = async (node: TestNode, program: Program, stateDir: string): Promise<Runtime> => {
  await mkdir(node.path(paths.conf), {recursive: true});
  await writeFile(node.path(`${paths.conf}/10-bench.conflist`), conflistText(leasesIn(stateDir)));
  const flags = {
    'node-name': 'bench',
    socket: paths.socket,
    'state-dir': stateDir,
    'netns-dir': paths.netns,
    'cni-conf-dir': paths.conf,
    'cni-bin-dir': program.pluginDir,
    kubeconfig: '/run/kubelet.conf',
  };
  const child = node.start([
    'env',
    `NODE_COMPILE_CACHE=${program.compileCache}`,
    program.node,
    program.file,
    ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
  ]);
  await serving(child);
  const kni = connectTo(node.path(paths.socket));
  const stop = async (signal: NodeJS.Signals) => {
    kni[Symbol.dispose]();
    await end(child, signal);
  };
  return {
    kni,
    pid: child.pid ?? 0,
    stop: () => stop('SIGTERM'),
    [Symbol.asyncDispose]: () => stop('SIGKILL'),
  };
};

const serving = (child: ChildProcess): Promise<void> => {
  let last = '';
  const served = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      last = String(chunk).trim();
      if (last.includes('"serving KNI"')) resolve();
    });
  });
  child.stderr?.on('data', (chunk) => (last = String(chunk).trim()));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the network runtime has ended: ${last}`);
  });
  ended.catch(() => undefined); // later ends show in its answers
  return Promise.race([served, ended]);
};
