/** Logs every plugin call: successes at level debug, failures as warnings. */
import {errorText, type Log} from '../log.ts';
import {fieldsOfInvocation, type InvokePlugin, wrapInvoke} from './invocation.ts';

export const logPluginCalls = (invoke: InvokePlugin, log: Log): InvokePlugin =>
  wrapInvoke(invoke, async (command, invocation) => {
    const begun = performance.now();
    const fields = () => ({
      ...fieldsOfInvocation(invocation),
      ms: Math.round((performance.now() - begun) * 10) / 10,
    });
    try {
      const result = await invoke(command, invocation);
      log.debug(`${invocation.plugin.type} ${command} ok`, fields());
      return result;
    } catch (error) {
      log.warn(`${invocation.plugin.type} ${command} failed`, {...fields(), error: errorText(error)});
      throw error;
    }
  });
