/** Objects at the API server of a CNI that installs itself, and facts about nodes that a network needs. */

import {z} from 'zod';
import type {Cluster} from '../../cluster/cluster.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import type {Host} from '../../host/host.ts';
import {readJson} from '../../json.ts';
import {parseUserConflist} from '../../networks/conflist.ts';
import {manifestText, parseManifest} from '../../networks/manifest.ts';
import type {Network} from '../../networks/network.ts';
import {getJson, kubectl} from '../../tools/kubectl.ts';
import {pluginDirs} from './runtime-environment.ts';

/** kni-demo installs this definition, too. Deleting it would delete all NetworkAttachmentDefinitions. */
const sharedDefinition = 'network-attachment-definitions.k8s.cni.cncf.io';

const ownedObjects = (manifest: string): string =>
  manifestText(parseManifest(manifest).filter(({metadata}) => metadata.name !== sharedDefinition));

/** Whether the API server has all objects. Compares no fields: others may have set some. */
export const isApplied = async (
  controlPlane: Host,
  manifest: string,
  signal: AbortSignal,
): Promise<boolean> => {
  const get = kubectl('get', '-f', '-', '--ignore-not-found', '-o', 'name');
  const {stdout} = await controlPlane.run(get, {input: manifest, signal});
  return stdout.split('\n').filter(Boolean).length === parseManifest(manifest).length;
};

/** Resolves when the pods are gone, too. Missing objects are not an error. */
export const deleteObjects = async (
  controlPlane: Host,
  manifest: string,
  {signal, log}: Pick<TaskRun, 'signal' | 'log'>,
): Promise<void> => {
  const flags = ['--ignore-not-found', '--cascade=foreground', '--timeout=180s', '--request-timeout=0'];
  await controlPlane.run(kubectl('delete', '-f', '-', ...flags), {
    input: ownedObjects(manifest),
    signal,
    onLine: log,
  });
};

const nodes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({name: z.string()}),
      spec: z.object({podCIDR: z.string().optional()}),
    }),
  ),
});

/** The podCIDR of each node that has one. */
export const readPodCidrs = async (
  controlPlane: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  const {stdout} = await controlPlane.run(getJson('nodes'), {signal});
  const {items} = readJson(nodes, stdout, 'the podCIDRs of the nodes');
  return new Map(
    items.flatMap(({metadata: {name}, spec: {podCIDR}}) => (podCIDR === undefined ? [] : [[name, podCIDR]])),
  );
};

/** Throws UserError if a node lacks a plugin of the user's configuration. */
export const refuseMissingPlugins = async (
  cluster: Cluster,
  {name, conflist = ''}: Network,
  signal: AbortSignal,
): Promise<void> => {
  const {programs} = parseUserConflist(conflist);
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
