/**
 * Another network runtime on a test node, unmodified. The files that it expects at fixed paths are put there, in the mount
 * namespace of the node.
 */
import {copyFile, mkdir, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import type {TestNode} from '../rig/node/test-node.ts';
import {conflistText} from './network.ts';
import type {Against} from './options.ts';
import type {Program} from './program.ts';

/** Those of the first network runtime. */
export const places = {
  socket: '/tmp/kni.sock',
  confdir: '/etc/cni/net.d',
  bindir: '/opt/cni/bin',
  statedir: '/var/lib/kni-against',
} as const;

/** `/tmp` and `/var/lib` become directories below `disk`, so that what is written there costs what a disk costs. */
const arrange = (disk: string, pluginDir: string): string =>
  [
    'mkdir -p /run/changed/etc /run/changed/opt /run/work/etc /run/work/opt',
    'for dir in etc opt; do mount -t overlay -o lowerdir=/$dir,upperdir=/run/changed/$dir,workdir=/run/work/$dir overlay /$dir || exit 1; done',
    `rm -rf /etc/cni && mkdir -p ${places.confdir} ${places.bindir} && mount --bind '${pluginDir}' ${places.bindir}`,
    `mkdir -m 700 '${disk}/var' '${disk}/tmp' && mount --bind '${disk}/var' /var/lib && mount --bind '${disk}/tmp' /tmp`,
    `mkdir -p ${places.statedir} /run/netns`,
  ].join(' && ');

export const otherRuntime = async (
  node: TestNode,
  against: Against,
  {disk, pluginDir}: {readonly disk: string; readonly pluginDir: string},
): Promise<Program> => {
  const name = basename(against.file);
  const file = join('/run', name); // its own path may be below one that is hidden
  await copyFile(against.file, node.path(file));
  await node.run(['sh', '-c', arrange(disk, pluginDir)]);
  await mkdir(node.path(places.confdir), {recursive: true});
  await writeFile(
    node.path(join(places.confdir, '10-bench.conflist')),
    conflistText('/var/lib/cni/networks'),
  );
  // The first network runtime keeps its state in the working directory.
  return {
    name,
    node,
    socket: places.socket,
    cwd: places.statedir,
    command: [file, ...argumentsOf(against.args)],
  };
};

/** Separated by spaces. */
export const argumentsOf = (text: string): string[] =>
  text
    .split(' ')
    .filter((argument) => argument !== '')
    .map((argument) =>
      Object.entries(places).reduce((filled, [name, path]) => filled.replaceAll(`{${name}}`, path), argument),
    );
