/**
 * Puts the programs of the user's own sources on the nodes of the live cluster, and takes them away again: what runs is
 * replaced, what is as it should be is left alone.
 */

import {join} from 'node:path';
import {z} from 'zod';
import {nodeReadiness, waitForReports} from '../../cluster/readiness.ts';
import type {Running} from '../../graph/task.ts';
import type {Host} from '../../host/host.ts';
import {waitUntil} from '../../host/wait-until.ts';
import {readJson} from '../../json.ts';
import {type Component, components} from '../../stacks/own-source.ts';
import {copyIntoContainer} from '../../tools/docker.ts';
import {containerdPrograms} from '../build/containerd.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {artifactOf} from '../products.ts';
import {currentCluster, programsId, setup} from '../setup.ts';
import {ownBuildOf, versionOf} from './own-tasks.ts';
import type {ResolvedSource} from './resolve.ts';

/** Where a component's programs are on a node, and the service that runs them. */
const placed = {
  containerd: {programs: containerdPrograms, directory: '/usr/local/bin', unit: 'containerd'},
  kubernetes: {programs: ['kubelet'], directory: '/usr/bin', unit: 'kubelet'},
} as const satisfies Record<Component, object>;

/** Those of the node image, while others are in their place. */
const kept = '/opt/kni/pinned';

/** What is on a node in place of what the node image has; on the node itself, since it goes when that goes. */
const marker = '/opt/kni/own-programs.json';
const marked = z.partialRecord(z.enum(components), z.string());
type Marked = {[Name in Component]?: string | undefined};

export const programsTask = (sources: readonly ResolvedSource[]): DemoTask => {
  const own = sources.map(({component}) => component);
  const wanted = ({fingerprintOf}: Pick<Running, 'fingerprintOf'>): Marked =>
    Object.fromEntries(
      own.map((component) => [component, fingerprintOf(ownBuildOf(component)).slice(0, 16)]),
    );
  return {
    id: programsId,
    title: own.length === 0 ? 'Put back the programs of the node image' : 'Put your programs on the nodes',
    needs: [setup.cluster.id, ...own.map(ownBuildOf)],
    async done(context, running) {
      const cluster = await currentCluster(context);
      const wants = wanted(running);
      for (const {name} of cluster.nodes) {
        const has = await markedOn(cluster.node(name), running.signal);
        if (changedIn(has, wants).length > 0) return undefined;
      }
      return own.length === 0 ? 'as in the node image' : `your ${own.join(' and ')} run`;
    },
    async run(context, running) {
      const {signal, log} = running;
      const cluster = await currentCluster(context);
      const wants = wanted(running);
      const since = Date.now();
      for (const {name} of cluster.nodes) {
        const node = cluster.node(name);
        const has = await markedOn(node, signal);
        for (const component of changedIn(has, wants)) {
          log(`${name}: ${placed[component].programs.join(', ')}`);
          // Should this be cut short, the next run finds something that nobody wants.
          await mark(node, {...has, [component]: 'being replaced'}, signal);
          const from = own.includes(component)
            ? artifactOf(ownBuildOf(component), context, running)
            : undefined;
          await replace({context, running, name, node, component, from});
          has[component] = wants[component];
          await mark(node, has, signal);
        }
      }
      await waitForReports(cluster, since, signal);
      await waitForVersions(context, sources, signal);
    },
  };
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

/** containerd first: the kubelet would only wait for it. */
const changedIn = (has: Marked, wants: Marked): readonly Component[] =>
  (['containerd', 'kubernetes'] as const).filter((component) => has[component] !== wants[component]);

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
  readonly component: Component;
  /** The directory of the programs; undefined for those of the node image. */
  readonly from: string | undefined;
}

/** By renames, because a program that runs cannot be written. May be repeated after any step. */
const replace = async ({context, running, name, node, component, from}: Replacement): Promise<void> => {
  const {programs, directory, unit} = placed[component];
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
