/**
 * Puts the network runtime together and starts it. The order is the point: nothing is touched before the locks are
 * held, nobody is served before the state is known.
 */
import {join} from 'node:path';
import {createExec} from './cni/exec.ts';
import {logged} from './cni/logged.ts';
import {killOrphans, ownerOf, ownerVariable} from './cni/orphans.ts';
import {createInvokePlugin} from './cni/plugin.ts';
import type {Options} from './flags.ts';
import {createLock} from './lock.ts';
import {type Log, textOf} from './log.ts';
import {openNetnsDir} from './netns/netns-dir.ts';
import {createNamedNetwork} from './network/named-network.ts';
import {createPodNetworks} from './network/pod-networks.ts';
import {openRecordStore, type RecordStore} from './network/record-store.ts';
import {createRecords} from './network/records.ts';
import {isInDoubt, recover} from './network/recover.ts';
import {exhausted, poolsOf} from './node/address-pool.ts';
import {createNodeLinks} from './node/links.ts';
import {createStatusOf} from './node/network-status.ts';
import {openNodeNetwork} from './node/node-network.ts';
import type {Trouble} from './node/trouble.ts';
import {repeat} from './repeat.ts';
import {lockNameOf, takeLock} from './server/instance-lock.ts';
import {serve} from './server/server.ts';

export interface Daemon {
  stop(): Promise<void>;
}

/** Said in events, so without what varies: the log has the rest. */
const troubleOfStore = (store: RecordStore): Trouble | undefined => {
  const trouble = store.trouble();
  if (!trouble) return undefined;
  const why = trouble.full ? 'its disk is full' : 'the log of the network runtime says why';
  return {reason: 'StateNotWritable', message: `the state directory cannot be written: ${why}`};
};

/** How often it is looked for what has to be undone. Sweeps that overlap would queue for the locks that pods wait for. */
const sweepMs = 1_000;

export const startDaemon = async (options: Options, log: Log): Promise<Daemon> => {
  const {socket, stateDir, binDirs} = options;
  await takeLock(stateDir);
  await takeLock(socket);
  const owner = await ownerOf(lockNameOf(stateDir));
  const orphans = await killOrphans(owner);
  if (orphans > 0) log.warn('ended plugins that an earlier network runtime has left', {processes: orphans});

  const ending = new AbortController();
  const exec = createExec({stop: ending.signal, env: {[ownerVariable]: owner}, readyShells: 8});
  const ipamDir = join(stateDir, 'ipam');
  const store = await openRecordStore(join(stateDir, 'pods'));
  const trouble = store.trouble();
  if (trouble) log.error('nothing can be attached until the state can be written', {error: textOf(trouble)});
  const netns = await openNetnsDir(options.netnsDir, exec);
  const records = createRecords(store, await recover({store, netns, ipamDir, log}));

  const invoke = logged(createInvokePlugin({exec, binDirs, timeoutMs: options.pluginTimeoutMs}), log);
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
    statusOf: createStatusOf(invoke, () => performance.now()),
    poolOf: async (list) => exhausted(await poolsOf(list)),
  });
  const pods = createPodNetworks({
    records,
    netns,
    invoke,
    networks: {primary: node.network, named: createNamedNetwork(options.confDir, node.definitionOf)},
    links: createNodeLinks(exec),
    ipamDir,
    lock: createLock(),
    now: Date.now,
    uptime: () => performance.now(),
    inDoubt: () => isInDoubt({store, netns, records}),
    log,
  });
  const server = await serve(
    socket,
    {pods, node: {...node, trouble: async () => troubleOfStore(store) ?? (await node.trouble())}},
    log,
  );
  log.info('serving KNI', {socket, records: [...records.all()].length});

  // Not before: while the socket was made, the umask was not one for other files.
  node.follow();
  const stopping = new AbortController();
  const sweep = async () => {
    if (store.trouble()) await store.probe(); // a disk that was full may have space again
    await pods.sweep();
  };
  void repeat(sweep, sweepMs, stopping.signal);
  // What the quick look at the start has not seen.
  void pods.reconcile().catch((error: unknown) => log.warn('not reconciled', {error: textOf(error)}));
  return {
    stop: async () => {
      stopping.abort();
      await server.stop(options.stopTimeoutMs);
      ending.abort(); // kills plugins that still run; what they leave is undone at the next start
      await store[Symbol.asyncDispose]();
    },
  };
};
