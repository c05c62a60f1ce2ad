/** What is measured of the network runtime, in the words of Prometheus. */
import {status} from '@grpc/grpc-js';
import {Counter, collectDefaultMetrics, Histogram, Registry} from 'prom-client';
import {addGauges, type GaugeSources} from './gauges.ts';

export interface Metrics {
  readonly registry: Registry;
  /** Errors by their status are the counts of this histogram. */
  readonly rpc: (name: string, grpcCode: status, seconds: number) => void;
  readonly plugin: (plugin: string, command: string, outcome: string, seconds: number) => void;
  readonly stalled: (seconds: number) => void;
}

/** Seconds: a query takes 1 ms, a plugin 10 to 200, and what takes longer than its time limit is past the last. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const createMetrics = (sources: GaugeSources): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({register: registry, eventLoopMonitoringPrecision: 100});
  keepSmall(registry);

  const rpcs = new Histogram({
    name: 'kni_rpc_duration_seconds',
    help: 'RPCs by the status that they ended with',
    labelNames: ['rpc', 'grpc_code'],
    buckets,
    registers,
  });
  const plugins = new Histogram({
    name: 'kni_plugin_duration_seconds',
    help: 'Calls of CNI plugins: ok, cni_<code> as the plugin said, or what went wrong with it',
    labelNames: ['plugin', 'command', 'outcome'],
    buckets,
    registers,
  });
  const stalls = new Counter({
    name: 'kni_event_loop_stalls_total',
    help: 'How often the runtime could do nothing for half a second or longer',
    registers,
  });
  const stalledSeconds = new Counter({
    name: 'kni_event_loop_stall_seconds_total',
    help: 'How long it could do nothing, counted as above',
    registers,
  });
  addGauges(registry, sources);
  return {
    registry,
    rpc: (rpc, grpcCode, seconds) => rpcs.observe({rpc, grpc_code: status[grpcCode]}, seconds),
    plugin: (plugin, command, outcome, seconds) => plugins.observe({plugin, command, outcome}, seconds),
    stalled: (seconds) => {
      stalls.inc();
      stalledSeconds.inc(seconds);
    },
  };
};

/** Of the defaults, what says something about a daemon of this kind; some are set by the collecting of another one. */
const keepSmall = (registry: Registry): void => {
  const kept = /^process_(cpu|resident_memory|start_time|open_fds)|^nodejs_(heap_size|eventloop_lag|version)/;
  for (const {name} of registry.getMetricsAsArray()) if (!kept.test(name)) registry.removeSingleMetric(name);
};
