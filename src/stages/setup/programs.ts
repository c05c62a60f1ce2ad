/**
 * Updates the programs on the nodes of the running cluster: the network runtime of this checkout, and the user's own
 * kubelet and containerd. Without own sources, the programs of the node image are restored.
 */

import {join} from 'node:path';
import type {Cluster} from '../../cluster/cluster.ts';
import {nodeReadiness, waitForReports} from '../../cluster/readiness.ts';
import {waitForAnswer} from '../../cluster/runtime-answer.ts';
import {runsUserRuntime, userRuntimesOf} from '../../cluster/user-runtime.ts';
import type {TaskRun} from '../../graph/task.ts';
import type {Host} from '../../host/host.ts';
import {waitUntil} from '../../host/wait-until.ts';
import {type Component, components} from '../../stacks/own-source.ts';
import {copyIntoContainer} from '../../tools/docker.ts';
import {containerdPrograms} from '../build/containerd.ts';
import {ownBuildId, ownVersion} from '../build/own-build.ts';
import {runtime, runtimeFile} from '../build/runtime.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {
  differences,
  type InstalledPrograms,
  installedPrograms,
  type Part,
  readInstalledFrom,
} from '../lib/installed-programs.ts';
import {artifactOf, tagOf} from '../lib/products.ts';
import type {ResolvedSource} from '../lib/resolve-own-source.ts';
import {cluster} from './cluster.ts';

export const programsId = 'setup/programs';

/** Where a part's programs are on a node, and the service that runs them. */
const locations = {
  runtime: {programs: [runtimeFile], directory: '/opt/kni', unit: 'kni'},
  containerd: {programs: containerdPrograms, directory: '/usr/local/bin', unit: 'containerd'},
  kubernetes: {programs: ['kubelet'], directory: '/usr/bin', unit: 'kubelet'},
} as const satisfies Record<Part, object>;

/** Backup of the node image's programs. */
const backups = '/opt/kni/pinned';

const buildIdOf = (part: Part): string => (part === 'runtime' ? runtime.id : ownBuildId(part));

export const programsTask = (sources: readonly ResolvedSource[]): DemoTask => {
  const own = sources.map(({component}) => component);
  const wantedOn = ({fingerprintOf}: TaskRun): InstalledPrograms =>
    Object.fromEntries(
      ['runtime' as const, ...own].map((part) => [part, tagOf(fingerprintOf(buildIdOf(part)))]),
    );
  return {
    id: programsId,
    title: 'Update node binaries',
    needs: [cluster.id, runtime.id, ...own.map(ownBuildId)],
    live: true,
    async done(context, running) {
      const found = await currentCluster(context);
      const installed = await Promise.all(
        found.nodes.map(({name}) => readInstalled(found.node(name), running.signal)),
      );
      if (installed.some((each) => differences(each, wantedOn(running)).length > 0)) return undefined;
      const runtimes = await userRuntimesOf(found, running.signal);
      const users = [...own, ...(runtimes.size > 0 ? ['network runtime, which stays in use'] : [])];
      return users.length === 0 ? 'up to date' : `up to date with your ${users.join(' and ')}`;
    },
    async run(context, running) {
      const {signal} = running;
      const found = await currentCluster(context);
      const since = Date.now();
      const replaced = new Set<Part>();
      for (const {name} of found.nodes)
        for (const part of await updateNode(name, found, wantedOn(running), context, running))
          replaced.add(part);
      if (replaced.has('runtime')) await waitForRuntimes(found, signal);
      if (components.some((component) => replaced.has(component))) {
        await waitForReports(found, () => since, signal);
        await waitForVersions(found.controlPlane, context.stack, sources, signal);
      }
    },
  };
};

/** Returns the parts that it replaced. */
const updateNode = async (
  name: string,
  found: Cluster,
  wanted: InstalledPrograms,
  context: DemoContext,
  running: TaskRun,
): Promise<readonly Part[]> => {
  const {signal, log} = running;
  const host = found.node(name);
  const installed = await readInstalled(host, signal);
  const changed = differences(installed, wanted);
  for (const part of changed) {
    log(`${name}: ${locations[part].programs.join(', ')}`);
    // No build has this tag: after an interruption the next run replaces the part again.
    await writeInstalled(host, {...installed, [part]: 'being replaced'}, signal);
    const build = wanted[part] === undefined ? undefined : artifactOf(buildIdOf(part), context, running);
    await replacePart({host: context.host, running, name, node: host, part, build});
    installed[part] = wanted[part];
    await writeInstalled(host, installed, signal);
  }
  return changed;
};

const readInstalled = async (node: Host, signal: AbortSignal): Promise<InstalledPrograms> => {
  const {path} = installedPrograms;
  const {stdout} = await node.run(['sh', ['-c', `cat ${path} 2>/dev/null || echo {}`]], {signal});
  return readInstalledFrom(stdout, 'a node');
};

const writeInstalled = async (
  node: Host,
  installed: InstalledPrograms,
  signal: AbortSignal,
): Promise<void> => {
  const {path} = installedPrograms;
  const input = JSON.stringify(installed);
  await node.run(['sh', ['-ec', `cat >${path}.new && mv ${path}.new ${path}`]], {input, signal});
};

interface Replacement {
  readonly host: Host;
  readonly running: TaskRun;
  /** The name of the node. */
  readonly name: string;
  readonly node: Host;
  readonly part: Part;
  /** The directory of the new programs; undefined restores those of the node image. */
  readonly build: string | undefined;
}

/** Renames files, because the file of a running program cannot be written. Idempotent after any interruption. */
const replacePart = async ({host, running, name, node, part, build}: Replacement): Promise<void> => {
  const {programs, directory, unit} = locations[part];
  const {signal, log} = running;
  for (const program of programs) {
    const target = `${directory}/${program}`;
    const backup = `${backups}/${program}`;
    if (build === undefined) {
      await node.run(['sh', ['-ec', `[ ! -e ${backup} ] || mv -f ${backup} ${target}`]], {signal});
    } else {
      await host.run(copyIntoContainer(join(build, program), name, `${target}.new`), {signal});
      const backUp = `mkdir -p ${backups} && [ -e ${backup} ] || ln ${target} ${backup}`;
      await node.run(['sh', ['-ec', `${backUp}\nmv -f ${target}.new ${target}`]], {signal});
    }
  }
  // The user's own network runtime keeps running. kni-demo's is replaced on disk, and is used after `runtime use default`.
  if (part === 'runtime' && (await runsUserRuntime(node, signal))) return;
  await node.run(['systemctl', ['restart', unit]], {signal, onLine: log, timeout: 120_000});
};

const waitForRuntimes = async (found: Cluster, signal: AbortSignal): Promise<void> => {
  for (const {name} of found.nodes) await waitForAnswer(found.node(name), {node: name, signal});
};

/** Waits until every node is Ready and reports the versions of its new programs. */
const waitForVersions = async (
  controlPlane: Host,
  stack: DemoContext['stack'],
  sources: readonly ResolvedSource[],
  signal: AbortSignal,
): Promise<void> => {
  const versionOf = (component: Component): string => {
    const {version} = stack[component];
    const own = sources.find((source) => source.component === component);
    return own === undefined ? version : ownVersion(version, own.revision);
  };
  const [kubelet, containerRuntime] = [versionOf('kubernetes'), `containerd://${versionOf('containerd')}`];
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
