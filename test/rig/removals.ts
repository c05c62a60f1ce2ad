/** Clusters of this user and of others, and what `down` asks docker and kind about them. */

import {dirsOf} from '../../src/cache/dirs.ts';
import {kubeconfigOf, writeRecord} from '../../src/cluster/cluster.ts';
import type {RemovalOptions} from '../../src/removals/removal.ts';
import {listNodeContainers, type NodeContainer} from '../../src/tools/docker.ts';
import {deleteCluster} from '../../src/tools/kind.ts';
import {envOf, exchange, node, printed} from './demo.ts';
import type {TempDir} from './temp-dir.ts';

export const ours = [node('test1-control-plane'), node('test1-worker')];

export const other = node('x-control-plane', {cluster: 'x'});

export const foreign = node('their-control-plane', {
  cluster: 'their',
  stack: undefined,
  image: 'kindest/node:v1',
});

export const ps = (...nodes: readonly NodeContainer[]): string =>
  exchange(listNodeContainers(), ...printed(...nodes));

export const dirsIn = (dir: TempDir) => dirsOf(envOf(dir));

export const remember = (dir: TempDir, name = 'test1') =>
  writeRecord(dirsIn(dir), name, {phase: 'complete', nodeImage: 'kni-demo/node:1'});

export const remove = (dir: TempDir, name = 'test1'): string =>
  exchange(deleteCluster(name, kubeconfigOf(dirsIn(dir), name)));

export const noEngine = [
  '2> Cannot connect to the Docker daemon at unix:///var/run/docker.sock.',
  '[exit code 1]',
];

/** `down` for cluster `test1`, unless told otherwise. */
export const removalOptions = (rest: Partial<RemovalOptions> = {}): RemovalOptions => ({
  name: 'test1',
  all: false,
  purge: false,
  purgeForeign: false,
  dockerHost: undefined,
  signal: new AbortController().signal,
  ...rest,
});
