/** Measures the duration and outcome of every plugin call. */
import {CniError, PluginFailed} from '../cni/errors.ts';
import {type InvokePlugin, wrapInvoke} from '../cni/invocation.ts';
import type {Metrics} from './metrics.ts';

export const measurePluginCalls = (invoke: InvokePlugin, observe: Metrics['plugin']): InvokePlugin =>
  wrapInvoke(invoke, async (command, invocation) => {
    const begun = performance.now();
    const ended = (outcome: string) => {
      // A network definition may name any plugin, and each name would create another time series.
      const plugin = outcome === 'missing' ? 'missing' : invocation.plugin.type;
      observe(plugin, command, outcome, (performance.now() - begun) / 1000);
    };
    try {
      const result = await invoke(command, invocation);
      ended('ok');
      return result;
    } catch (error) {
      ended(outcomeOf(error));
      throw error;
    }
  });

const outcomeOf = (error: unknown): string => {
  // A plugin may return any code, and each code would create another time series.
  if (error instanceof CniError) return error.cniCode > 999 ? 'cni_other' : `cni_${error.cniCode}`;
  if (error instanceof PluginFailed) return error.trouble;
  return 'error';
};
