/**
 * Puts the network runtime together and starts it. The order is the point: nothing is touched before the locks are
 * held, nobody is served before the state is known.
 */
import {once} from 'node:events';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {startBackground} from './background.ts';
import type {Attachment} from './cni/attachment.ts';
import type {Conflist} from './cni/conflist.ts';
import {filesOfPlugins} from './cni/find-plugin.ts';
import {logPluginCalls} from './cni/log-plugin-calls.ts';
import {killOrphans, ownerOf, ownerVariable} from './cni/orphans.ts';
import {createInvokePlugin} from './cni/plugin.ts';
import type {Options} from './flags.ts';
import {createLock} from './lib/keyed-lock.ts';
import {errorText, type Log} from './log.ts';
import {withCorrelation} from './log-correlation.ts';
import {measurePluginCalls} from './metrics/measure-plugin-calls.ts';
import {createMetrics} from './metrics/metrics.ts';
import {serveMetrics} from './metrics/server.ts';
import {watchStalls} from './metrics/stalls.ts';
import {addressesIn} from './netns/addresses.ts';
import {openNetnsDir} from './netns/netns-dir.ts';
import {createNamedNetwork} from './network/named-network.ts';
import {strayLinks} from './network/ownerless-links.ts';
import {createPodNetworkService} from './network/pod-network-service.ts';
import {openRecordStore} from './network/record-store.ts';
import {createRecords, type Records} from './network/records.ts';
import {isInDoubt, recover} from './network/recover.ts';
import {type Selector, selectForAttach, selectForUndo} from './network/select.ts';
import {createStrayAddresses} from './network/stray-addresses.ts';
import {exhausted, poolsOf} from './node/address-pool.ts';
import {limitOfPool, tooManyCleanups} from './node/cleanup-limit.ts';
import {bridgeName} from './node/conflist-of-node.ts';
import {createNodeLinks} from './node/links.ts';
import {createStatusOf} from './node/network-status.ts';
import {findNetworksOfOthers} from './node/networks-of-others.ts';
import {openNodeNetwork} from './node/node-network.ts';
import {createPortmapChains} from './node/portmap-chains.ts';
import {bridgesOfNode, signsOfPods} from './node/running-pods.ts';
import {troubleOfState} from './node/trouble.ts';
import {vxlanDevice} from './node/vxlan.ts';
import {createExec} from './process/exec.ts';
import {takeLock} from './server/instance-lock.ts';
import {serve} from './server/server.ts';
import {lockSocket} from './server/socket.ts';
import {feedWatchdog} from './watchdog.ts';

/** What is not needed for the first calls is left until they are likely to have been answered. */
const firstCallsMs = 250;

/** What another network runtime must not write meanwhile; one that shares any of it does not start. */
const lockAll = async ({socket, stateDir, netnsDir, confDir}: Options): Promise<void> => {
  const taken = await Promise.allSettled([
    takeLock(join(stateDir, 'lock'), stateDir),
    lockSocket(socket),
    takeLock(`${netnsDir}.kni-lock`, netnsDir, 0o755), // in it, `ip netns` would list it
    takeLock(join(confDir, '.kni-lock'), confDir, 0o755),
  ]);
  for (const lock of taken) if (lock.status === 'rejected') throw lock.reason;
};

export interface Daemon {
  stop(): Promise<void>;
}

export const startDaemon = async (options: Options, plainLog: Log): Promise<Daemon> => {
  const {socket, stateDir, binDirs} = options;
  let records: Records | undefined;
  const log = withCorrelation(plainLog, (sandbox) => records?.bySandbox(sandbox));

  // First of all: systemd counts from exec, and on a slow machine the start takes longer than its patience. Not by the
  // plugins' exec: when all of its places are taken, that is no reason to restart.
  const ending = new AbortController();
  void feedWatchdog(createExec({stop: ending.signal}), log, ending.signal);

  await lockAll(options);
  const owner = await ownerOf(stateDir);
  const ipamDir = join(stateDir, 'ipam');
  const places = {netnsDir: options.netnsDir, confDir: options.confDir, ipamDir};
  const reading = openRecordStore(join(stateDir, 'pods'), () => signsOfPods(places));
  reading.catch(() => undefined); // it is waited for below
  const orphans = await killOrphans(owner); // before there are processes of our own
  if (orphans > 0) log.warn('killed orphaned plugins of an earlier network runtime', {processes: orphans});

  const serving = new AbortController();
  const firstCallsOver = once(serving.signal, 'abort').then(() => delay(firstCallsMs));
  const env = {[ownerVariable]: owner};
  const scratchDir = join(stateDir, 'scratch');
  await rm(scratchDir, {recursive: true, force: true}).catch(() => undefined); // writing will tell
  const exec = createExec({stop: ending.signal, env, readyShells: 8, openShells: firstCallsOver, scratchDir});
  const [netns, store] = await Promise.all([openNetnsDir(options.netnsDir, exec), reading]);
  const trouble = store.trouble();
  if (trouble)
    log.error('state directory is not writable; refusing attachments', {error: errorText(trouble)});
  const recovering = recover({store, netns, log});

  const metrics = createMetrics({
    records: () => known.all(),
    pools: async () => poolsOf(node.network()),
    quarantined: async () => (await store.quarantine.names()).length,
    refusedPodCidrs: () => node.refusedPodCidrs(),
  });
  const plugin = createInvokePlugin({exec, binDirs, timeoutMs: options.pluginTimeoutMs});
  const invoke = logPluginCalls(measurePluginCalls(plugin, metrics.plugin), log);
  const opening = openNodeNetwork({
    exec,
    log,
    ipamDir,
    nodeName: options.nodeName,
    confDir: options.confDir,
    binDirs,
    stateDir,
    podSubnets: options.podSubnets,
    backend: options.backend,
    kubeconfig: options.kubeconfig,
    signal: ending.signal,
    troubleBefore: () => troubleOfState(store.trouble()),
    statusOf: createStatusOf(invoke, () => performance.now()),
    poolOf: async (list) =>
      exhausted(await poolsOf(list)) ?? (isFull(list) ? tooManyCleanups(list.name) : undefined),
  });
  const [{standing, isDoubtful, acceptLoss}, node] = await Promise.all([recovering, opening]);
  const known = createRecords(store, standing);
  records = known;
  const cleanupLimits = {
    giveUpAfterMs: options.giveUpAfterMs,
    ofNetwork: ({config, selected}: Pick<Attachment, 'config' | 'selected'>) =>
      (selected ? undefined : limitOfPool(config)) ?? options.pendingLimit,
  };
  const isFull = (list: Conflist): boolean => {
    const unfinished = pods
      .unfinished()
      .filter(({record}) => record.attachments.some(({network}) => network === list.name));
    return unfinished.length >= cleanupLimits.ofNetwork({config: list.text});
  };
  const links = createNodeLinks(exec, options.netnsDir);
  const inDoubt = () =>
    isInDoubt({
      store,
      netns,
      records: known,
      isDoubtful,
      strayLinks: () => strayLinks({links, netns, records: known}, bridgesOfNode(places)),
    });
  const pods = createPodNetworkService({
    records: known,
    netns,
    invoke,
    networks: {
      primary: node.network,
      named: createNamedNetwork({
        confDir: options.confDir,
        definitionOf: node.definitionOf,
        policy: options,
        ipamDir,
        ownLinks: [bridgeName, vxlanDevice],
      }),
    },
    links,
    portmapChains: createPortmapChains(exec),
    networksOfOthers: () =>
      findNetworksOfOthers({confDir: options.containerRuntimeCniDir, cacheDir: options.cniCacheDir}),
    ipamDir,
    lock: createLock(),
    now: Date.now,
    uptime: () => performance.now(),
    isDoubtful,
    cleanupLimits,
    filesOf: (list) => filesOfPlugins(binDirs, list),
    inDoubt,
    strayAddresses: createStrayAddresses({
      netns,
      records: known,
      inDoubt,
      addressesIn: addressesIn(exec),
      log,
    }),
    acceptLoss,
    log,
  });

  const healthy = () => {
    const unwritable = store.trouble();
    return unwritable && errorText(unwritable);
  };
  const correlationOf = (selector: Selector) =>
    (selectForUndo(known, selector) ?? selectForAttach(known, selector))?.key;
  const kni = {pods, node, correlationOf};
  const inspector = {records: known, pods, quarantined: store.quarantine.names};
  const server = await serve(socket, {kni, inspector, healthy, observe: metrics.rpc}, log);
  serving.abort();
  log.info('serving KNI', {socket, records: [...known.all()].length});

  // Not before: while the socket was made, the umask was not one for other files.
  node.follow();
  const background = startBackground({pods, store, log, when: firstCallsOver});
  watchStalls({log, stalled: metrics.stalled}, ending.signal);
  const {registry} = metrics;
  if (options.metricsAddress)
    await serveMetrics(options.metricsAddress, {registry, healthy, log}, ending.signal);
  return {
    stop: async () => {
      background.abort();
      await server.stop(options.stopTimeoutMs);
      ending.abort(); // kills plugins that still run; what they leave is undone at the next start
      await store[Symbol.asyncDispose]();
    },
  };
};
