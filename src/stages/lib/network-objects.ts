/** Objects at the API server of a CNI that installs itself, and facts about nodes that a network needs. */

import type {Cluster} from '../../cluster/cluster.ts';
import {podCidrsOf} from '../../cluster/pod-cidrs.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {waitUntil} from '../../host/wait-until.ts';
import {overlap} from '../../ip-ranges.ts';
import {parseUserConflist, type UserConflist} from '../../networks/conflist.ts';
import {reasonOf} from '../../networks/load.ts';
import {type ManifestObject, manifestText, parseManifest} from '../../networks/manifest.ts';
import type {Network} from '../../networks/network.ts';
import {networkOfNodes} from '../../tools/docker-network.ts';
import {applyManifest, kubectl} from '../../tools/kubectl.ts';
import type {DemoContext} from '../context.ts';
import {retry} from './retry.ts';
import {pluginDirs} from './runtime-environment.ts';

/** kni-demo installs this definition, too. Deleting it would delete all NetworkAttachmentDefinitions. */
const sharedDefinition = 'network-attachment-definitions.k8s.cni.cncf.io';

/** What kubectl says of an object of a custom kind whose definition does not exist (yet). */
const unknownKind = /no matches for kind "([^"]+)" in version "([^"]+)"/g;

/** The unknown kinds, as `apiVersion/kind`; undefined for other errors. */
const unknownKindsIn = (error: unknown): ReadonlySet<string> | undefined => {
  if (!(error instanceof CommandError)) return undefined;
  const kinds = new Set(
    [...error.output.matchAll(unknownKind)].map(([, kind, version]) => `${version}/${kind}`),
  );
  return kinds.size === 0 ? undefined : kinds;
};

/** Whether the API server has all objects. Compares no fields: others may have set some. */
export const isApplied = async (
  controlPlane: Host,
  manifest: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const get = kubectl('get', '-f', '-', '--ignore-not-found', '-o', 'name');
  try {
    const {stdout} = await controlPlane.run(get, {input: manifest, signal});
    return stdout.split('\n').filter(Boolean).length === parseManifest(manifest).length;
  } catch (error) {
    if (unknownKindsIn(error) === undefined) throw error;
    return false;
  }
};

/** The API server needs some seconds until it knows the kinds that the manifest defines. */
export const applyObjects = async (
  controlPlane: Host,
  manifest: string,
  {signal, log}: Pick<TaskRun, 'signal' | 'log'>,
): Promise<void> => {
  const apply = (within: AbortSignal) =>
    retry(() => controlPlane.run(applyManifest, {input: manifest, signal: within, onLine: log}), within, {
      log,
    });
  try {
    await apply(signal);
  } catch (error) {
    if (unknownKindsIn(error) === undefined) throw error;
    const what = 'the API server to know the kinds of the manifest';
    await waitUntil({what, every: 1_000, atMost: 30_000, signal}, apply);
  }
};

/** Resolves when the pods are gone, too. Missing objects are not an error, nor are missing kinds. */
export const deleteObjects = async (
  controlPlane: Host,
  manifest: string,
  {signal, log}: Pick<TaskRun, 'signal' | 'log'>,
): Promise<void> => {
  const flags = ['--ignore-not-found', '--cascade=foreground', '--timeout=180s', '--request-timeout=0'];
  const remove = async (objects: readonly ManifestObject[]): Promise<void> => {
    if (objects.length === 0) return;
    const options = {input: manifestText(objects), signal, onLine: log};
    await controlPlane.run(kubectl('delete', '-f', '-', ...flags), options);
  };
  const owned = parseManifest(manifest).filter(({metadata}) => metadata.name !== sharedDefinition);
  try {
    await remove(owned);
  } catch (error) {
    const unknown = unknownKindsIn(error);
    if (unknown === undefined) throw error;
    await remove(owned.filter(({apiVersion, kind}) => !unknown.has(`${apiVersion}/${kind}`)));
  }
};

/** The podCIDR of each node. The controller manager assigns it some time after a node has joined. */
export const waitForPodCidrs = (
  {controlPlane, nodes}: Cluster,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> =>
  waitUntil({what: 'all nodes to have a podCIDR', every: 500, atMost: 60_000, signal}, async (polling) => {
    const found = await podCidrsOf(controlPlane, polling);
    const without = nodes.find(({name}) => !found.get(name)?.length);
    if (without) throw new Error(`${without.name} has no podCIDR`);
    return found;
  });

/** The record of a cluster may have a configuration that an earlier version did not refuse. */
const parseConflist = ({name, conflist = ''}: Network, podCidr?: string): UserConflist => {
  try {
    return parseUserConflist(conflist, podCidr);
  } catch (error) {
    throw new UserError(
      {
        what: `cannot use network ${name}`,
        why: reasonOf(error),
        tryThis: 'correct the file and pass it with --cni, or go back to the network of kni-demo: --cni kni',
        code: 'KNI-E224',
      },
      {cause: error},
    );
  }
};

/** Throws UserError if a node lacks a plugin of the user's configuration. */
export const refuseMissingPlugins = async (
  cluster: Cluster,
  network: Network,
  signal: AbortSignal,
): Promise<void> => {
  const {name} = network;
  const {programs} = parseConflist(network);
  const script = `for type; do
    for dir in ${pluginDirs.join(' ')}; do if [ -x "$dir/$type" ]; then continue 2; fi; done
    echo "$type"
  done`;
  const missing: string[] = [];
  for (const node of cluster.nodes) {
    const {stdout} = await cluster
      .node(node.name)
      .run(['sh', ['-c', script, 'sh', ...programs]], {signal, timeout: 20_000});
    for (const type of stdout.split('\n').filter(Boolean)) missing.push(`${node.name} has no plugin ${type}`);
  }
  if (missing.length === 0) return;
  const [node] = cluster.nodes;
  throw new UserError({
    what: `cannot use network ${name}`,
    why: missing.join('\n'),
    tryThis: `copy the plugin to each node: docker cp PLUGIN ${node?.name}:${pluginDirs[0]}/; then run the same command again`,
    code: 'KNI-E224',
  });
};

/** Throws UserError if the user's configuration gives pods addresses that nodes or Services have. `podCidrs` are those of each node. */
export const refuseUsedAddresses = async (
  {host, stack}: Pick<DemoContext, 'host' | 'stack'>,
  network: Network,
  podCidrs: ReadonlyMap<string, readonly string[]>,
  signal: AbortSignal,
): Promise<void> => {
  const nodes = await networkOfNodes(host, signal);
  const used = [
    ...(nodes?.subnets ?? []).map((range) => ({range, of: 'the nodes'})),
    {range: stack.cluster.serviceSubnet, of: 'Services'},
  ];
  for (const subnet of [...podCidrs.values()].flatMap(([own]) => parseConflist(network, own).subnets)) {
    const taken = used.find(({range}) => overlap(range, subnet));
    if (taken === undefined) continue;
    throw new UserError({
      what: `cannot use network ${network.name}`,
      why: `its range ${subnet} overlaps ${taken.range}, the range of ${taken.of}`,
      tryThis: 'choose another range, or {{.PodCIDR}}, and run the same command again',
      code: 'KNI-E224',
    });
  }
};
