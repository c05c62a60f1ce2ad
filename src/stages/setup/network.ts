/**
 * Gives the pods of all nodes the network that the user chose with --cni. Node by node, the sandboxes are removed through the former
 * network, and the kubelet creates new ones in the chosen network. The change is first recorded in the state directory: after an
 * interruption the next `up` continues.
 */

import {withChanges} from '../../changes/changes.ts';
import {switchNode} from '../../changes/switch-node.ts';
import type {Cluster} from '../../cluster/cluster.ts';
import {type NetworkRecord, readNetwork, writeNetwork} from '../../cluster/network-record.ts';
import {podCidrsOf} from '../../cluster/pod-cidrs.ts';
import {waitForReports} from '../../cluster/readiness.ts';
import {refuseUserRuntime} from '../../cluster/user-runtime.ts';
import type {TaskRun} from '../../graph/task.ts';
import {type Network, ownNetwork} from '../../networks/network.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {
  applyObjects,
  deleteObjects,
  isApplied,
  refuseMissingPlugins,
  refuseUsedAddresses,
  waitForPodCidrs,
} from '../lib/network-objects.ts';
import {
  filesOfNetwork,
  flagsOfNetwork,
  isOnNode,
  removeLeftovers,
  removeOwnBridge,
  writtenBy,
} from '../lib/network-on-node.ts';
import {cluster} from './cluster.ts';
import {networkDefinitions} from './network-definitions.ts';
import {programsId} from './programs.ts';
import {runtimeFlags} from './runtime-flags.ts';

export const network: DemoTask = {
  id: 'setup/network',
  title: 'Choose the network for pods',
  needs: [cluster.id, programsId, runtimeFlags.id, networkDefinitions.id],
  live: true,
  inputs: ({cluster: {cni}}) => ({cni: cni ?? null}),
  async done(context, {signal}) {
    const record = await readNetwork(context.dirs, context.cluster.name);
    const wanted = wantedNetwork(context, record);
    if (!record.isComplete || JSON.stringify(wanted) !== JSON.stringify(record.network)) return undefined;
    const found = await currentCluster(context);
    const podCidrs = await podCidrsOf(found.controlPlane, signal);
    const {backend} = context.cluster;
    for (const {name} of found.nodes)
      if (!(await isOnNode(found.node(name), {wanted, podCidr: podCidrs.get(name)?.[0], backend}, signal)))
        return undefined;
    if (wanted?.manifest !== undefined && !(await isApplied(found.controlPlane, wanted.manifest, signal)))
      return undefined;
    return wanted?.name ?? ownNetwork;
  },
  async run(context, running) {
    const {
      dirs,
      cluster: {name},
    } = context;
    const record = await readNetwork(dirs, name);
    const wanted = wantedNetwork(context, record);
    const found = await currentCluster(context);
    await refuseUserRuntime(found, 'change the network for pods', running.signal);
    if (wanted?.conflist !== undefined) await refuseMissingPlugins(found, wanted, running.signal);
    const podCidrs = await waitForPodCidrs(found, running.signal);
    if (wanted?.conflist !== undefined) await refuseUsedAddresses(context, wanted, podCidrs, running.signal);
    const former = [...record.former, ...(record.network ? [record.network] : [])].filter(
      (each) => !isSame(each, wanted),
    );
    const next = {...(wanted && {network: wanted}), former};
    const switched = isSame(wanted, record.network) ? (record.switched ?? []) : [];
    const write = (nodes: readonly string[]): Promise<void> =>
      writeNetwork(dirs, name, {...next, isComplete: false, switched: [...nodes]});
    await write(switched);
    // Before the nodes are switched: the programs of the former network would restore its leftovers.
    for (const {manifest} of former)
      if (manifest !== undefined) await deleteObjects(found.controlPlane, manifest, running);
    const since = Date.now();
    const isSwitched = await switchNodes(context, running, {
      found,
      wanted,
      former,
      podCidrs,
      switched,
      onSwitched: write,
    });
    if (wanted?.manifest !== undefined) await applyObjects(found.controlPlane, wanted.manifest, running);
    await writeNetwork(dirs, name, {...next, former: [], isComplete: true});
    // Until then the API server shows the nodes as they were before.
    if (isSwitched) await waitForReports(found, () => since, running.signal);
  },
};

/** Undefined is the network of kni-demo. Without --cni, the cluster keeps its network. */
const wantedNetwork = ({cluster: {cni}}: DemoContext, record: NetworkRecord): Network | undefined =>
  cni === undefined ? record.network : cni === ownNetwork ? undefined : cni;

/** Another name or another list of leftovers does not make another network. */
const isSame = (one: Network | undefined, other: Network | undefined): boolean =>
  one?.manifest === other?.manifest && one?.conflist === other?.conflist && looksSame(one, other);

/** Whether the flags of a node are the same for both. */
const looksSame = (one: Network | undefined, other: Network | undefined): boolean =>
  flagsOf(one) === flagsOf(other);

const flagsOf = (wanted: Network | undefined): string =>
  JSON.stringify(flagsOfNetwork({wanted, backend: undefined}, {}));

interface Switch {
  readonly found: Cluster;
  readonly wanted: Network | undefined;
  readonly former: readonly Network[];
  readonly podCidrs: ReadonlyMap<string, readonly string[]>;
  /** The nodes that were switched before an interruption. */
  readonly switched: readonly string[];
  /** Gets all nodes that are switched. */
  readonly onSwitched: (nodes: readonly string[]) => Promise<void>;
}

/** Skips nodes that have the network. Returns whether it switched a node. */
const switchNodes = async (
  context: DemoContext,
  {signal, log}: TaskRun,
  {found, wanted, former, podCidrs, switched: before, onSwitched}: Switch,
): Promise<boolean> => {
  const switched = [...before];
  // Two manifests can give the nodes the same flags: only the record tells which nodes were switched.
  const isAmbiguous = wanted?.manifest !== undefined && former.some((each) => looksSame(each, wanted));
  // The podCIDRs of a dual-stack cluster are not all in the pod subnet of the stack, which is IPv4.
  const podRanges = [context.stack.cluster.podSubnet, ...[...podCidrs.values()].flat()];
  const options = {cluster: context.cluster.name, command: 'kni-demo up', signal, say: log};
  await withChanges(context, options, async (changes) => {
    for (const {name: node} of found.nodes) {
      const place = {wanted, podCidr: podCidrs.get(node)?.[0], backend: context.cluster.backend};
      const mayHaveIt = !isAmbiguous || switched.includes(node);
      if (mayHaveIt && (await isOnNode(found.node(node), place, signal))) continue;
      log(`switching ${node} to network ${wanted?.name ?? ownNetwork}: its pods get new sandboxes`);
      const change = await switchNode(changes, {
        node,
        to: `network ${wanted?.name ?? ownNetwork}`,
        files: {...withoutFiles(former), ...(await filesOfNetwork(found.node(node), place, signal))},
        stop: ['kni'],
        meanwhile: [
          ...former.map((each) => removeLeftovers(each, podRanges)),
          ...(wanted === undefined ? [] : [removeOwnBridge]),
        ],
        start: ['kni'],
        signal,
      });
      await changes.keep(change);
      switched.push(node);
      await onSwitched(switched);
    }
  });
  return switched.length > before.length;
};

/** The configurations that kni-demo wrote for the former networks. */
const withoutFiles = (former: readonly Network[]): Readonly<Record<string, undefined>> =>
  Object.fromEntries(
    former.flatMap((each) => (each.conflist === undefined ? [] : [[writtenBy(each), undefined]])),
  );
