/** Emits the beginning and the end of every plugin call. */
import {fieldsOfInvocation, type InvokePlugin, wrapInvoke} from '../cni/invocation.ts';
import {requestConfigOf} from '../cni/request.ts';
import {errorText} from '../log.ts';
import type {RecordIndex} from '../network/record-index.ts';
import {pluginText} from './bodies.ts';
import {type Emit, identityOf, msSince, shortError} from './event.ts';

export const emitPluginCalls = (
  invoke: InvokePlugin,
  records: Pick<RecordIndex, 'bySandbox'>,
  emit: Emit,
): InvokePlugin => {
  let calls = 0;
  return wrapInvoke(invoke, async (command, invocation) => {
    const begun = performance.now();
    const {sandbox, ...fields} = {sandbox: undefined, ...fieldsOfInvocation(invocation)};
    const record = sandbox === undefined ? undefined : records.bySandbox(sandbox);
    const call = {
      ...(record ? identityOf(record) : {sandbox}),
      ...fields,
      command,
      network: invocation.list.name,
      call: ++calls,
    };
    emit({kind: 'plugin-began', ...call}, () => ({
      request: pluginText(() => requestConfigOf(command, invocation)),
    }));
    try {
      const result = await invoke(command, invocation);
      emit({kind: 'plugin-ended', ...call, ms: msSince(begun)}, () => ({response: pluginText(() => result)}));
      return result;
    } catch (error) {
      emit({kind: 'plugin-ended', ...call, ms: msSince(begun), error: shortError(errorText(error))});
      throw error;
    }
  });
};
