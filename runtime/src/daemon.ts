/**
 * Puts the network runtime together and starts it. The order is the point: nothing is touched before the locks are
 * held, nobody is served before the state is known.
 */
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {createExec} from './cni/exec.ts';
import {logged} from './cni/logged.ts';
import {killOrphans, ownerVariable} from './cni/orphans.ts';
import {createInvokePlugin} from './cni/plugin.ts';
import type {Options} from './flags.ts';
import {createLock} from './lock.ts';
import type {Log} from './log.ts';
import {openNetnsDir} from './netns/netns-dir.ts';
import {createPodNetworks} from './network/pod-networks.ts';
import {openRecordStore} from './network/record-store.ts';
import {createRecords} from './network/records.ts';
import {recover} from './network/recover.ts';
import {exhausted, poolsOf} from './node/address-pool.ts';
import {openNodeNetwork} from './node/node-network.ts';
import {repeat} from './repeat.ts';
import {lockNameOf, takeLock} from './server/instance-lock.ts';
import {serve} from './server/server.ts';

export interface Daemon {
  stop(): Promise<void>;
}

/** What a failed DEL has left is tried again. Sweeps that overlap would queue for the locks that pods wait for. */
const sweepMs = 10_000;

export const startDaemon = async (options: Options, log: Log): Promise<Daemon> => {
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
  const records = createRecords(store, await recover({store, netns, ipamDir, log}));

  const node = await openNodeNetwork({
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
    poolOf: async (list) => exhausted(await poolsOf(list)),
  });
  const invoke = logged(createInvokePlugin({exec, binDirs, timeoutMs: options.pluginTimeoutMs}), log);
  const pods = createPodNetworks({
    records,
    netns,
    invoke,
    network: node.network,
    lock: createLock(),
    now: Date.now,
    log,
  });
  const server = await serve(socket, {pods, node}, log);
  log.info('serving KNI', {socket, records: records.all().length});

  // Not before: while the socket was made, the umask was not one for other files.
  node.follow();
  const stopping = new AbortController();
  void repeat(() => pods.sweep(), sweepMs, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await server.stop(options.stopTimeoutMs);
      ending.abort(); // kills plugins that still run; what they leave is undone at the next start
    },
  };
};
