/** The Prometheus metrics of the network runtime. */
import {status} from '@grpc/grpc-js';
import {Counter, collectDefaultMetrics, Histogram, Registry} from 'prom-client';
import {addGauges, type GaugeSources} from './gauges.ts';

export interface Metrics {
  readonly registry: Registry;
  /** The counts of this histogram by status are the error rates. */
  readonly rpc: (name: string, grpcCode: status, seconds: number) => void;
  readonly plugin: (plugin: string, command: string, outcome: string, seconds: number) => void;
  readonly stalled: (seconds: number) => void;
}

/** In seconds: a query takes 1 ms, a plugin 10 to 200 ms; calls beyond the last bucket have exceeded their timeout. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const createMetrics = (sources: GaugeSources): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({register: registry, eventLoopMonitoringPrecision: 100});
  keepSmall(registry);

  const rpcs = new Histogram({
    name: 'kni_rpc_duration_seconds',
    help: 'Duration of RPCs, by gRPC status',
    labelNames: ['rpc', 'grpc_code'],
    buckets,
    registers,
  });
  const plugins = new Histogram({
    name: 'kni_plugin_duration_seconds',
    help: 'Duration of CNI plugin calls, by outcome: ok, cni_<code> from the plugin, or the failure of the call',
    labelNames: ['plugin', 'command', 'outcome'],
    buckets,
    registers,
  });
  const stalls = new Counter({
    name: 'kni_event_loop_stalls_total',
    help: 'Times that the event loop was blocked for half a second or longer',
    registers,
  });
  const stalledSeconds = new Counter({
    name: 'kni_event_loop_stall_seconds_total',
    help: 'Total time that the event loop was blocked for half a second or longer',
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

/** Keeps the useful default metrics. They are removed afterwards, because some are set by the collector of another one. */
const keepSmall = (registry: Registry): void => {
  const kept = /^process_(cpu|resident_memory|start_time|open_fds)|^nodejs_(heap_size|eventloop_lag|version)/;
  for (const {name} of registry.getMetricsAsArray()) if (!kept.test(name)) registry.removeSingleMetric(name);
};
