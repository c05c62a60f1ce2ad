/**
 * Brings the programs on the nodes of the live cluster up to date: the network runtime of this checkout, the user's own
 * kubelet and containerd, and those of the node image again. What is as it should be is left alone.
 */

import {join} from 'node:path';
import {z} from 'zod';
import {nodeReadiness, waitForReports} from '../../cluster/readiness.ts';
import type {Running} from '../../graph/task.ts';
import type {Host} from '../../host/host.ts';
import {waitUntil} from '../../host/wait-until.ts';
import {readJson} from '../../json.ts';
import {type Component, components} from '../../stacks/own-source.ts';
import {copyIntoContainer, type NodeContainer} from '../../tools/docker.ts';
import {askNetworks} from '../../tools/kni-runtime.ts';
import {containerdPrograms} from '../build/containerd.ts';
import {nodeImage} from '../build/node-image.ts';
import {runtime, runtimeFile} from '../build/runtime.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {ownBuildOf, versionOf} from '../init/own-source.ts';
import {artifactOf, imageOf, tagOf} from '../lib/products.ts';
import type {ResolvedSource} from '../lib/resolve-own-source.ts';
import {currentCluster, programsId, setup} from './cluster.ts';

/** What can be replaced, in the order in which it is: the kubelet would wait for containerd anyway. */
const parts = ['runtime', ...components.toReversed()] as const;
type Part = (typeof parts)[number];

/** Where a part's programs are on a node, and the service that runs them. */
const placed = {
  runtime: {programs: [runtimeFile], directory: '/opt/kni', unit: 'kni'},
  containerd: {programs: containerdPrograms, directory: '/usr/local/bin', unit: 'containerd'},
  kubernetes: {programs: ['kubelet'], directory: '/usr/bin', unit: 'kubelet'},
} as const satisfies Record<Part, object>;

/** Those of the node image, while others are in their place. */
const kept = '/opt/kni/pinned';

/** What is on a node in place of what the node image has; on the node itself, since it goes when that goes. */
const marker = '/opt/kni/own-programs.json';
const marked = z.partialRecord(z.enum(parts), z.string());
type Marked = {[Name in Part]?: string | undefined};

/** The task that makes what may take a part's place. */
const buildOf = (part: Part): string => (part === 'runtime' ? runtime.id : ownBuildOf(part));

export const programsTask = (sources: readonly ResolvedSource[]): DemoTask => {
  const own = sources.map(({component}) => component);
  /** What has to be in place of what a node's image has. */
  const wanted = ({image}: NodeContainer, plan: Pick<Running, 'fingerprintOf'>): Marked => {
    const replaced: readonly Part[] = image === imageOf(nodeImage.id, plan) ? own : ['runtime', ...own];
    return Object.fromEntries(replaced.map((part) => [part, tagOf(plan.fingerprintOf(buildOf(part)))]));
  };
  return {
    id: programsId,
    title: 'Bring the programs on the nodes up to date',
    needs: [setup.cluster.id, runtime.id, ...own.map(ownBuildOf)],
    live: true,
    async done(context, running) {
      const cluster = await currentCluster(context);
      for (const node of cluster.nodes) {
        const has = await markedOn(cluster.node(node.name), running.signal);
        if (changedIn(has, wanted(node, running)).length > 0) return undefined;
      }
      return own.length === 0 ? 'as they should be' : `your ${own.join(' and ')} run`;
    },
    async run(context, running) {
      const {signal, log} = running;
      const cluster = await currentCluster(context);
      const since = Date.now();
      const replaced = new Set<Part>();
      for (const node of cluster.nodes) {
        const host = cluster.node(node.name);
        const wants = wanted(node, running);
        const has = await markedOn(host, signal);
        for (const part of changedIn(has, wants)) {
          log(`${node.name}: ${placed[part].programs.join(', ')}`);
          // Should this be cut short, the next run finds something that nobody wants.
          await mark(host, {...has, [part]: 'being replaced'}, signal);
          const from = wants[part] === undefined ? undefined : artifactOf(buildOf(part), context, running);
          await replace({context, running, name: node.name, node: host, part, from});
          has[part] = wants[part];
          await mark(host, has, signal);
          replaced.add(part);
        }
      }
      if (replaced.has('runtime')) await waitForRuntimes(context, signal);
      if (components.some((component) => replaced.has(component))) {
        await waitForReports(cluster, () => since, signal);
        await waitForVersions(context, sources, signal);
      }
    },
  };
};

/** Until the network runtime of every node answers. */
const waitForRuntimes = async (context: DemoContext, signal: AbortSignal): Promise<void> => {
  const cluster = await currentCluster(context);
  for (const {name} of cluster.nodes) {
    const what = `the network runtime of ${name} to serve`;
    await waitUntil({what, every: 200, atMost: 60_000, signal}, async (polling) => {
      await cluster.node(name).run(askNetworks, {signal: polling, timeout: 10_000});
      return true;
    });
  }
};

/** Until every node says that it runs what it was given, and is Ready with it. */
const waitForVersions = async (
  context: DemoContext,
  sources: readonly ResolvedSource[],
  signal: AbortSignal,
): Promise<void> => {
  const {stack} = context;
  const {controlPlane} = await currentCluster(context);
  const versionIn = (component: Component): string => {
    const {version} = stack[component];
    const own = sources.find((source) => source.component === component);
    return own === undefined ? version : versionOf(version, own.revision);
  };
  const [kubelet, containerRuntime] = [versionIn('kubernetes'), `containerd://${versionIn('containerd')}`];
  const what = `all nodes to be Ready with kubelet ${kubelet} and ${containerRuntime}`;
  await waitUntil({what, every: 500, atMost: 180_000, signal}, async (polling) => {
    const all = await nodeReadiness(controlPlane, polling);
    const other = all.find(
      ({ready, versions}) =>
        !ready || versions.kubelet !== kubelet || versions.containerRuntime !== containerRuntime,
    );
    if (other === undefined) return true;
    throw new Error(
      `${other.name}: ${other.versions.kubelet}, ${other.versions.containerRuntime}; ${other.message}`,
    );
  });
};

const changedIn = (has: Marked, wants: Marked): readonly Part[] =>
  parts.filter((part) => has[part] !== wants[part]);

const markedOn = async (node: Host, signal: AbortSignal): Promise<Marked> => {
  const {stdout} = await node.run(['sh', ['-c', `cat ${marker} 2>/dev/null || echo {}`]], {signal});
  return readJson(marked, stdout, `${marker} of a node`);
};

const mark = async (node: Host, wants: Marked, signal: AbortSignal): Promise<void> => {
  const input = JSON.stringify(wants);
  await node.run(['sh', ['-ec', `cat >${marker}.new && mv ${marker}.new ${marker}`]], {input, signal});
};

interface Replacement {
  readonly context: DemoContext;
  readonly running: Running;
  readonly name: string;
  readonly node: Host;
  readonly part: Part;
  /** The directory of the programs; undefined for those of the node image. */
  readonly from: string | undefined;
}

/** By renames, because a program that runs cannot be written. May be repeated after any step. */
const replace = async ({context, running, name, node, part, from}: Replacement): Promise<void> => {
  const {programs, directory, unit} = placed[part];
  const {signal, log} = running;
  for (const program of programs) {
    const target = `${directory}/${program}`;
    const pinned = `${kept}/${program}`;
    if (from === undefined) {
      await node.run(['sh', ['-ec', `[ ! -e ${pinned} ] || mv -f ${pinned} ${target}`]], {signal});
    } else {
      await context.host.run(copyIntoContainer(join(from, program), name, `${target}.new`), {signal});
      const keep = `mkdir -p ${kept} && [ -e ${pinned} ] || ln ${target} ${pinned}`;
      await node.run(['sh', ['-ec', `${keep}\nmv -f ${target}.new ${target}`]], {signal});
    }
  }
  await node.run(['systemctl', ['restart', unit]], {signal, onLine: log, timeout: 120_000});
};
