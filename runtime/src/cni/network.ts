/** Runs the plugins of a list in order and passes results from one to the next (CNI spec, section 3). */
import {crashPoint} from '../lib/crash-point.ts';
import type {EarlyProgram} from '../process/early-program.ts';
import type {Attachment, Target} from './attachment.ts';
import {type Conflist, parseConflist} from './conflist.ts';
import {CniError, InvalidParameter, NotAdded, PluginFailed, type PluginTrouble} from './errors.ts';
import type {AttachmentInvocation, InvokePlugin, ValidAttachment} from './invocation.ts';
import {supportedVersionsIn} from './plugin-versions.ts';
import {hostInterfacesIn} from './result.ts';
import {isAtLeast} from './versions.ts';

/** An attachment after ADD, successful or not, as DEL needs it. */
export interface Addition {
  readonly attachment: Attachment;
  /** Why ADD failed; absent after success. */
  readonly error?: unknown;
}

/**
 * Starts the process of the plugin that is called first, if that is allowed. It waits until `addNetwork` or `delNetwork` gets
 * it; otherwise it must be cancelled.
 */
export const startFirst = (
  invoke: InvokePlugin,
  command: 'ADD' | 'DEL',
  attachment: Attachment,
  target: Target,
): EarlyProgram | undefined => {
  try {
    const list = parseConflist(attachment.config);
    const plugin = command === 'ADD' ? list.plugins[0] : list.plugins.at(-1);
    return plugin && invoke.startEarly?.(command, {list, plugin, attachment, target, prevResult: undefined});
  } catch {
    return undefined; // the call itself reports an invalid configuration
  }
};

/**
 * Calls ADD of all plugins in order. Each gets the result of the one before; the last result is the result of the network.
 * Does not reject: after a failure the earlier plugins' work remains, and the caller must DEL the returned attachment
 * (CNI spec, section 3).
 */
export const addNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
  first?: EarlyProgram,
): Promise<Addition> => {
  const list = parseConflist(attachment.config);
  const results: string[] = [];
  try {
    await callInOrder(invoke, 'ADD', {list, attachment, target}, first, async (call) => {
      results.push(await call(results.at(-1)));
      crashPoint('attach: plugin added');
    });
  } catch (error) {
    const started = results.length + (wasStarted(error) ? 1 : 0);
    return {attachment: {...attachment, ...droppedInterfaces(results), started}, error};
  }
  const {started: _, ...added} = attachment;
  return {attachment: {...added, ...droppedInterfaces(results), result: results.at(-1) ?? '{}'}};
};

/** Whether a failed plugin may have read its configuration, and so may have made changes. */
const wasStarted = (error: unknown): boolean => {
  if (error instanceof InvalidParameter) return false;
  return !(error instanceof PluginFailed && isNotStarted[error.trouble]);
};

const isNotStarted: Readonly<Record<PluginTrouble, boolean>> = {
  missing: true,
  'not-started': true,
  'no-time': true,
  'timed-out': false,
  killed: false,
  stopped: false,
  'bad-result': false,
};

const droppedInterfaces = (results: readonly string[]): Pick<Attachment, 'hostInterfaces'> => {
  const reported = new Set(results.slice(-1).flatMap(hostInterfacesIn));
  const dropped = results.flatMap(hostInterfacesIn).filter((name) => !reported.has(name));
  return dropped.length > 0 ? {hostInterfaces: [...new Set(dropped)]} : {};
};

/**
 * Calls DEL of all plugins in reverse order. From CNI 0.4.0 on, each gets the final result of ADD, if ADD finished.
 * Stops at the first error, so that no plugin releases what a later one still uses; the caller retries the whole DEL.
 * Ignores code 3 (no cleanup needed; CNI spec, section 5) and all errors of plugins that ADD never started, because
 * those have nothing to clean up.
 */
export const delNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
  first?: EarlyProgram,
): Promise<void> => {
  const list = parseConflist(attachment.config);
  const {started = list.plugins.length} = attachment;
  const prevResult = isAtLeast(list.cniVersion, '0.4.0') ? attachment.result : undefined;
  await callInOrder(invoke, 'DEL', {list, attachment, target}, first, async (call, index) => {
    try {
      await call(prevResult);
    } catch (error) {
      if (index < started && !isUnknownContainer(error)) throw error;
    }
    crashPoint('detach: plugin deleted');
  });
};

type Chain = Pick<AttachmentInvocation, 'list' | 'attachment' | 'target'>;
type Call = (prevResult: string | undefined) => Promise<string>;

/**
 * Calls the plugins one after another; `work` gets the function that makes the call, and the index of the plugin in the list.
 * The process of the next plugin may start early: it has no configuration, and waits for it. It is killed if it is not called.
 */
const callInOrder = async (
  invoke: InvokePlugin,
  command: 'ADD' | 'DEL',
  chain: Chain,
  first: EarlyProgram | undefined,
  work: (call: Call, index: number) => Promise<void>,
): Promise<void> => {
  const {plugins} = chain.list;
  const order = command === 'ADD' ? [...plugins.entries()] : [...plugins.entries()].toReversed();
  let early = first;
  for (const [position, [index, plugin]] of order.entries()) {
    const own = early;
    const working = work((prevResult) => invoke(command, {...chain, plugin, prevResult, early: own}), index);
    const [, next] = order[position + 1] ?? [];
    early = next && invoke.startEarly?.(command, {...chain, plugin: next, prevResult: undefined});
    try {
      await working;
    } catch (error) {
      await early?.cancel();
      throw error;
    } finally {
      await own?.cancel(); // it still waits if the call failed before it
    }
  }
};

const isUnknownContainer = (error: unknown): boolean => error instanceof CniError && error.cniCode === 3;

/**
 * Calls CHECK of all plugins in order, up to the first error. Returns the reason if the network has no CHECK; undefined if it
 * was done.
 */
export const checkNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<string | undefined> => {
  const list = parseConflist(attachment.config);
  if (list.disableCheck) return 'its configuration sets disableCheck';
  if (!isAtLeast(list.cniVersion, '0.4.0')) return `CNI ${list.cniVersion} has no CHECK`;
  // libcni continues without a result, but CHECK needs one (CNI spec, section 2, "CHECK").
  if (attachment.result === undefined)
    throw new NotAdded(`${attachment.ifName} cannot be checked: its ADD did not succeed`);
  for (const plugin of list.plugins) {
    await invoke('CHECK', {list, plugin, attachment, target, prevResult: attachment.result});
  }
  return undefined;
};

/** Calls STATUS of all plugins in order and throws the first error. Does nothing before CNI 1.1.0, which added STATUS. */
export const statusOfNetwork = async (invoke: InvokePlugin, list: Conflist): Promise<void> => {
  if (!isAtLeast(list.cniVersion, '1.1.0')) return;
  for (const plugin of list.plugins) await invoke('STATUS', {list, plugin});
};

export const hasGarbageCollection = ({disableGC, cniVersion}: Conflist): boolean =>
  !disableGC && isAtLeast(cniVersion, '1.1.0');

/**
 * Calls GC of every plugin that supports it, with the attachments that are still valid. Continues after failures and
 * returns them. GC does not replace DEL. No ADD or DEL of this network may run meanwhile, so `timeLeft`, in ms, limits all
 * calls together.
 */
export const collectGarbage = async (
  invoke: InvokePlugin,
  list: Conflist,
  valid: readonly ValidAttachment[],
  timeLeft: () => number = () => Number.POSITIVE_INFINITY,
): Promise<Error[]> => {
  const failures: Error[] = [];
  if (!hasGarbageCollection(list)) return failures;
  for (const plugin of list.plugins) {
    const invocation = () => {
      const timeoutMs = timeLeft();
      if (timeoutMs > 0) return {list, plugin, timeoutMs};
      throw new PluginFailed(
        plugin.type,
        'timed-out',
        'was not called for GC: the time for garbage collection is used up',
      );
    };
    try {
      const versions = supportedVersionsIn(await invoke('VERSION', invocation()));
      // A plugin of CNI 1.0.0 would fail, because it expects a container id with every unknown command.
      if (versions.includes('1.1.0')) await invoke('GC', {...invocation(), valid});
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return failures;
};
