/** The cluster of a running demo as docker and its API server show it. */

import {mkdir} from 'node:fs/promises';
import type {Command} from '../../src/host/host.ts';
import type {DemoContext} from '../../src/stages/context.ts';
import {cluster as clusterTask} from '../../src/stages/setup/cluster.ts';
import {inspectStarts, listNodeContainers, type NodeContainer} from '../../src/tools/docker.ts';
import {getJson} from '../../src/tools/kubectl.ts';
import {demoContext, exchange, node, printed} from './demo.ts';
import {fakeHost} from './fake-host.ts';
import type {TempDir} from './temp-dir.ts';

export const fingerprint = '0123456789abcdef'.repeat(4);

export const image = 'kni-demo/node:0123456789abcdef';

const plannedNodes = {image, system: '0123456789abcdef'};

export const running = {
  fingerprint,
  fingerprintOf: () => fingerprint,
  signal: new AbortController().signal,
  log: () => undefined,
};

export const ownNode = (name: string, rest: Partial<NodeContainer> = {}): NodeContainer =>
  node(name, {image, mounts: '/lib/modules,/a-directory-of-ours', ...rest});

export const cluster = [ownNode('test1-control-plane'), ownNode('test1-worker')];

/** `docker ps` shows these nodes. */
export const ps = (...nodes: readonly NodeContainer[]): string =>
  exchange(listNodeContainers('test1'), ...printed(...nodes));

const [file, args] = getJson('-n', 'kube-node-lease', 'leases');

export const askLeases: Command = ['docker', ['exec', 'test1-control-plane', file, ...args]];

export const startedAt = (time: string): string =>
  exchange(inspectStarts(cluster.map(({name}) => name)), ...cluster.map(({name}) => `/${name} ${time}`));

export const leasesOf = (control: string, worker = control): string => {
  const times = {'test1-control-plane': control, 'test1-worker': worker};
  const items = Object.entries(times).map(([name, renewTime]) => ({metadata: {name}, spec: {renewTime}}));
  return JSON.stringify({items});
};

/** Three moments; nodes start at the second. */
export const [before, start, after] = [
  '2026-11-28T05:00:00.000000Z',
  '2026-11-28T05:00:10.123456789Z',
  '2026-11-28T05:00:20.000000Z',
];

/** A demo whose state directory owns its nodes, and whose host follows the transcript. */
export const demoWith = async (dir: TempDir, transcript: string, rest: Partial<DemoContext> = {}) => {
  const owner = dir.join('state/kni-demo/clusters/test1/owner');
  await mkdir(owner, {recursive: true});
  const host = fakeHost(transcript.replaceAll('/a-directory-of-ours', owner));
  return {host, context: await demoContext(dir, host, {plannedNodes, ...rest})};
};

export const kubeconfigIn = (dir: TempDir): string => dir.join('state/kni-demo/clusters/test1/kubeconfig');

export const makeCluster = (context: DemoContext) => clusterTask.run(context, running);
