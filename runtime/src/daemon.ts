/**
 * Puts the network runtime together and starts it. The order matters: the locks are taken before anything is changed,
 * and the state is read before calls are answered.
 */
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {startBackground} from './background.ts';
import {logPluginCalls} from './cni/log-plugin-calls.ts';
import {createInvokePlugin} from './cni/plugin.ts';
import {cleanupLimitsOf, createPods, hasTooManyCleanups} from './daemon-pods.ts';
import {ipamDirOf, openState} from './daemon-state.ts';
import {emitNetns} from './events/emit-netns.ts';
import {emitNodeChanges, emitReadiness} from './events/emit-node.ts';
import {emitPluginCalls} from './events/emit-plugin-calls.ts';
import {emitRecords} from './events/emit-records.ts';
import {createEvents} from './events/events.ts';
import {observeRpcs} from './events/observe-rpcs.ts';
import type {Options} from './flags.ts';
import {errorText, type Log} from './log.ts';
import {withCorrelation} from './log-correlation.ts';
import {createLateMetrics} from './metrics/late-metrics.ts';
import {measurePluginCalls} from './metrics/measure-plugin-calls.ts';
import {serveMetrics} from './metrics/server.ts';
import {watchStalls} from './metrics/stalls.ts';
import {createRecords} from './network/records.ts';
import {recover} from './network/recover.ts';
import {type Selector, selectForAttach, selectForTeardown} from './network/select.ts';
import {exhausted, poolsOf} from './node/address-pool.ts';
import {tooManyCleanups} from './node/cleanup-limit.ts';
import {createStatusOf} from './node/network-status.ts';
import {openNodeNetwork} from './node/node-network.ts';
import {troubleOfState} from './node/trouble.ts';
import {createExec} from './process/exec.ts';
import {daemonServices} from './server/daemon-services.ts';
import {serve} from './server/server.ts';
import {feedWatchdog} from './watchdog.ts';

/** Work that the first calls do not need starts after them. */
const firstCallsMs = 250;

export interface Daemon {
  stop(): Promise<void>;
}

export const startDaemon = async (options: Options, startLog: Log): Promise<Daemon> => {
  const ending = new AbortController();
  // Before everything else: systemd counts the time from exec, and on a slow machine the start takes longer than the
  // watchdog allows. The watchdog does not share the plugins' exec, because full slots must not cause a restart.
  void feedWatchdog(createExec({stop: ending.signal}), startLog, ending.signal);

  const serving = new AbortController();
  const firstCallsOver = once(serving.signal, 'abort').then(() => delay(firstCallsMs));
  const state = await openState(options, startLog, {stop: ending.signal, openShells: firstCallsOver});
  const {exec, store} = state;
  const events = createEvents();
  const {emit} = events;
  const recovering = recover({store, netns: state.netns, log: startLog});

  const sources = {
    records: () => records.all(),
    pools: async () => poolsOf(node.network()),
    quarantined: async () => (await store.quarantine.names()).length,
    refusedPodCidrs: () => node.refusedPodCidrs(),
  };
  const metrics = createLateMetrics(sources, firstCallsOver);
  const {binDirs, pluginTimeoutMs: timeoutMs, startEarly: earlyTypes} = options;
  const {startEarly} = exec;
  const plugins = createInvokePlugin({exec, startEarly, earlyTypes, binDirs, timeoutMs});
  const invoke = measurePluginCalls(plugins, metrics.plugin);
  const limits = cleanupLimitsOf(options);
  const opening = openNodeNetwork({
    ...options,
    exec: emitNodeChanges(exec, emit),
    log: startLog,
    ipamDir: ipamDirOf(options),
    signal: ending.signal,
    troubleBefore: () => troubleOfState(store.trouble()),
    statusOf: createStatusOf(logPluginCalls(invoke, startLog), () => performance.now()),
    addressesOf: async (list) => {
      const counted = await poolsOf(list);
      const full = hasTooManyCleanups(pods, list, limits) ? tooManyCleanups(list.name) : undefined;
      return {pools: counted, trouble: exhausted(counted) ?? full};
    },
  });
  const [recovered, opened] = await Promise.all([recovering, opening]);
  const node = emitReadiness(opened, emit);
  const records = emitRecords(createRecords(store, recovered.standing), emit);
  const netns = emitNetns(state.netns, records, emit);
  const log = withCorrelation(startLog, (sandbox) => records.bySandbox(sandbox));
  const parts = {...state, ...recovered, netns, records, node, limits, log, emit};
  const invokeForPods = emitPluginCalls(logPluginCalls(invoke, log), records, emit);
  const pods = createPods(options, {...parts, invoke: invokeForPods});

  const healthy = () => {
    const trouble = store.trouble();
    return trouble && errorText(trouble);
  };
  const correlationOf = (selector: Selector) =>
    (selectForTeardown(records, selector) ?? selectForAttach(records, selector))?.key;
  const kni = {pods, node, correlationOf};
  const inspector = {records, pods, quarantined: store.quarantine.names};
  const observe = observeRpcs(metrics.rpc, emit);
  const add = daemonServices({kni, inspector, events}, log);
  const server = await serve(options.socket, {add, healthy, observe});
  serving.abort();
  emit({kind: 'runtime-started'});
  log.info('serving KNI', {socket: options.socket, records: [...records.all()].length});

  // These may create files, so they start after `serve`, which narrows the umask of the process for the socket.
  node.follow();
  const background = startBackground({pods, store, log, when: firstCallsOver});
  watchStalls({log, stalled: metrics.stalled}, ending.signal);
  const serveLate = async ({metricsAddress}: Options): Promise<void> => {
    const registry = await metrics.registry;
    if (metricsAddress) await serveMetrics(metricsAddress, {registry, healthy, log}, ending.signal);
  };
  void serveLate(options);
  return {
    stop: async () => {
      background.abort();
      emit({kind: 'runtime-stopping'});
      await server.stop(options.stopTimeoutMs);
      ending.abort(); // kills plugins that still run; the next start undoes their work
      await store[Symbol.asyncDispose]();
    },
  };
};
