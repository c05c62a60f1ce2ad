/** Loads the metrics after the first answers, because the start does not need them. Buffers earlier observations. */
import type {Registry} from 'prom-client';
import type {GaugeSources} from './gauges.ts';
import type {Metrics} from './metrics.ts';

export interface LateMetrics extends Omit<Metrics, 'registry'> {
  /** Resolves when the metrics are loaded. */
  readonly registry: Promise<Registry>;
}

/** The metrics are loaded when `when` resolves. */
export const createLateMetrics = (sources: GaugeSources, when: Promise<unknown>): LateMetrics => {
  type Observe = (metrics: Metrics) => void;
  const kept: Observe[] = [];
  let metrics: Metrics | undefined;
  const observe = (each: Observe) => {
    if (metrics) each(metrics);
    else kept.push(each);
  };
  const load = async (): Promise<Registry> => {
    await when;
    const {createMetrics} = await import('./metrics.ts');
    metrics = createMetrics(sources);
    for (const each of kept.splice(0)) each(metrics);
    return metrics.registry;
  };
  return {
    rpc: (...seen) => observe(({rpc}) => rpc(...seen)),
    plugin: (...seen) => observe(({plugin}) => plugin(...seen)),
    stalled: (...seen) => observe(({stalled}) => stalled(...seen)),
    registry: load(),
  };
};
