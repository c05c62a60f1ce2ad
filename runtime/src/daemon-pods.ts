/** Puts the pod network service together from its parts. */
import type {Conflist} from './cni/conflist.ts';
import {filesOfPlugins} from './cni/find-plugin.ts';
import type {InvokePlugin} from './cni/invocation.ts';
import {ipamDirOf, pathsOf, type State} from './daemon-state.ts';
import type {Emit} from './events/event.ts';
import type {Options} from './flags.ts';
import {createLock} from './lib/keyed-lock.ts';
import {type Log} from './log.ts';
import {addressesIn} from './netns/addresses.ts';
import type {CleanupLimits, PodNetworkService} from './network/lifecycle.ts';
import {createNamedNetwork} from './network/named-network.ts';
import {strayLinks} from './network/orphaned-links.ts';
import {createPodNetworkService} from './network/pod-network-service.ts';
import {type Records} from './network/records.ts';
import {isInDoubt, type Recovery} from './network/recover.ts';
import {createStrayAddresses} from './network/stray-addresses.ts';
import {limitOfPool} from './node/cleanup-limit.ts';
import {bridgeName} from './node/conflist-of-node.ts';
import {createNodeLinks} from './node/links.ts';
import {findNetworksOfOthers} from './node/networks-of-others.ts';
import {type NodeNetwork} from './node/node-network.ts';
import {createPortmapChains} from './node/portmap-chains.ts';
import {bridgesOfNode} from './node/running-pods.ts';
import {vxlanDevice} from './node/vxlan.ts';

export const cleanupLimitsOf = ({giveUpAfterMs, pendingLimit}: Options): CleanupLimits => ({
  giveUpAfterMs,
  ofNetwork: ({config, selected}) => (selected ? undefined : limitOfPool(config)) ?? pendingLimit,
});

export const hasTooManyCleanups = (
  pods: Pick<PodNetworkService, 'unfinished'>,
  {name, text}: Conflist,
  limits: CleanupLimits,
): boolean => {
  const cleanups = pods
    .unfinished()
    .filter(({record}) => record.attachments.some(({network}) => network === name));
  return cleanups.length >= limits.ofNetwork({config: text});
};

interface PodParts extends State, Pick<Recovery, 'isDoubtful' | 'acceptLoss'> {
  readonly records: Records;
  readonly node: NodeNetwork;
  readonly invoke: InvokePlugin;
  readonly limits: CleanupLimits;
  readonly log: Log;
  readonly emit: Emit;
}

export const createPods = (options: Options, parts: PodParts): PodNetworkService => {
  const {exec, netns, store, records, node, isDoubtful, log} = parts;
  const {confDir, netnsDir, binDirs} = options;
  const ipamDir = ipamDirOf(options);
  const links = createNodeLinks(exec, netnsDir);
  const inDoubt = () =>
    isInDoubt({
      store,
      netns,
      records,
      isDoubtful,
      strayLinks: () => strayLinks({links, netns, records}, bridgesOfNode(pathsOf(options))),
    });
  const named = createNamedNetwork({
    confDir,
    definitionOf: node.definitionOf,
    policy: options,
    ipamDir,
    ownLinks: [bridgeName, vxlanDevice],
  });
  return createPodNetworkService({
    records,
    netns,
    invoke: parts.invoke,
    networks: {primary: node.network, named},
    links,
    portmapChains: createPortmapChains(exec),
    networksOfOthers: () =>
      findNetworksOfOthers({confDir: options.containerRuntimeCniDir, cacheDir: options.cniCacheDir}),
    ipamDir,
    lock: createLock(),
    now: Date.now,
    uptime: () => performance.now(),
    isDoubtful,
    cleanupLimits: parts.limits,
    filesOf: (list) => filesOfPlugins(binDirs, list),
    inDoubt,
    strayAddresses: createStrayAddresses({netns, records, inDoubt, addressesIn: addressesIn(exec), log}),
    acceptLoss: parts.acceptLoss,
    log,
    emit: parts.emit,
  });
};
