/** The network runtime of this repository, started as its systemd unit starts it. */
import {mkdir, writeFile} from 'node:fs/promises';
import type {TestNode} from '../rig/node/test-node.ts';
import {conflistText} from './network.ts';
import type {Program} from './program.ts';

export interface Bundle {
  /** The bundled network runtime. */
  readonly file: string;
  /** Node.js, and a directory for the code that it compiles, as there is on a node. Only Node.js 22 and later use it. */
  readonly node: string;
  readonly compileCache: string;
  readonly pluginDir: string;
}

const paths = {socket: '/run/kni/kni.sock', netns: '/run/netns', conf: '/run/net.d'} as const;

export const netnsDir = paths.netns;

export const leasesIn = (stateDir: string): string => `${stateDir}/ipam`;

/** `stateDir` is on a disk, as on a real node, so that records cost the same. */
export const ourRuntime = async (node: TestNode, bundle: Bundle, stateDir: string): Promise<Program> => {
  await mkdir(node.path(paths.conf), {recursive: true});
  await writeFile(node.path(`${paths.conf}/10-bench.conflist`), conflistText(leasesIn(stateDir)));
  const flags = {
    'node-name': 'bench',
    socket: paths.socket,
    'state-dir': stateDir,
    'netns-dir': paths.netns,
    'cni-conf-dir': paths.conf,
    'cni-bin-dir': bundle.pluginDir,
    kubeconfig: '/run/kubelet.conf',
  };
  return {
    name: 'ours',
    node,
    socket: paths.socket,
    cwd: '/',
    command: [
      'env',
      `NODE_COMPILE_CACHE=${bundle.compileCache}`,
      bundle.node,
      bundle.file,
      ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    ],
  };
};
