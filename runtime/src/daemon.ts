/**
 * Puts the network runtime together and starts it. The order is the point: nothing is touched before the locks are
 * held, nobody is served before the state is known.
 */
import {mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {createExec} from './cni/exec.ts';
import {logged} from './cni/logged.ts';
import {killOrphans, ownerVariable} from './cni/orphans.ts';
import {createInvokePlugin} from './cni/plugin.ts';
import {correlated} from './correlation.ts';
import type {Options} from './flags.ts';
import {createLock} from './lock.ts';
import type {Log} from './log.ts';
import {measured} from './metrics/measured.ts';
import {createMetrics} from './metrics/metrics.ts';
import {serveMetrics} from './metrics/server.ts';
import {watchStalls} from './metrics/stalls.ts';
import {openNetnsDir} from './netns/netns-dir.ts';
import {createPodNetworks} from './network/pod-networks.ts';
import {openRecordStore} from './network/record-store.ts';
import {createRecords, type Records} from './network/records.ts';
import {recover} from './network/recover.ts';
import {type Selector, selectForAttach, selectForUndo} from './network/select.ts';
import {openNodeNetwork} from './node/node-network.ts';
import {repeat} from './repeat.ts';
import type {Pool} from './rpc/handler.ts';
import {lockNameOf, takeLock} from './server/instance-lock.ts';
import {serve} from './server/server.ts';
import {createStateProbe} from './server/state-probe.ts';

export interface Daemon {
  stop(): Promise<void>;
}

/** What a failed DEL has left is tried again. Sweeps that overlap would queue for the locks that pods wait for. */
const sweepMs = 10_000;
const probeMs = 5_000;

export const startDaemon = async (options: Options, plainLog: Log): Promise<Daemon> => {
  let records: Records | undefined;
  const all = () => records?.all() ?? [];
  const log = correlated(plainLog, all);
  const {socket, stateDir, binDirs} = options;
  await takeLock(stateDir);
  await takeLock(socket);
  const owner = lockNameOf(stateDir);
  const orphans = await killOrphans(owner);
  if (orphans > 0) log.warn('ended plugins that an earlier network runtime has left', {processes: orphans});

  const ending = new AbortController();
  const exec = createExec({stop: ending.signal, env: {[ownerVariable]: owner}});
  const ipamDir = join(stateDir, 'ipam');
  await mkdir(stateDir, {recursive: true, mode: 0o700});
  const store = await openRecordStore(join(stateDir, 'pods'));
  const netns = await openNetnsDir(options.netnsDir, exec);
  records = createRecords(store, await recover({store, netns, ipamDir, log}));

  const node = await openNodeNetwork({
    exec,
    log,
    ipamDir,
    nodeName: options.nodeName,
    confDir: options.confDir,
    binDirs,
    stateDir,
    podSubnet: options.podSubnet,
    kubeconfig: options.kubeconfig,
    signal: ending.signal,
  });
  const pools = noPools;
  const metrics = createMetrics({
    records: all,
    pools,
    quarantined: () => filesIn(join(stateDir, 'pods', 'quarantine')),
  });
  const plugin = createInvokePlugin({exec, binDirs, timeoutMs: options.pluginTimeoutMs});
  const invoke = logged(measured(plugin, metrics.plugin), log);
  const pods = createPodNetworks({
    records,
    netns,
    invoke,
    network: node.network,
    lock: createLock(),
    now: Date.now,
    log,
  });
  const correlationOf = (selector: Selector) =>
    (selectForUndo(all(), selector) ?? selectForAttach(all(), selector))?.key;
  const probe = createStateProbe(stateDir);
  const stopping = new AbortController();
  const healthy = () => (stopping.signal.aborted ? 'the network runtime stops' : probe.trouble());
  await probe.try();
  const server = await serve(
    socket,
    {kni: {pods, node, correlationOf, pools}, inspected: {records: all}, healthy, observe: metrics.rpc},
    log,
  );
  log.info('serving KNI', {socket, records: records.all().length});

  // Not before: while the socket was made, the umask was not one for other files.
  node.follow();
  void repeat(probe.try, probeMs, stopping.signal);
  watchStalls({log, stalled: metrics.stalled}, ending.signal);
  const {registry} = metrics;
  if (options.metricsAddress)
    await serveMetrics(options.metricsAddress, {registry, healthy, log}, ending.signal);
  void repeat(() => pods.sweep(), sweepMs, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await server.stop(options.stopTimeoutMs);
      ending.abort(); // kills plugins that still run; what they leave is undone at the next start
    },
  };
};

const filesIn = async (dir: string): Promise<number> => (await readdir(dir).catch(() => [])).length;

/** Addresses are counted by the plugins that give them; nobody asks them yet. */
const noPools = async (): Promise<readonly Pool[]> => [];
