/** What is done to one attachment, and to one network: the order of the plugins and what is passed from one to the next. */
import {crashPoint} from '../lib/crash-point.ts';
import type {Attachment, Target} from './attachment.ts';
import {type Conflist, parseConflist} from './conflist.ts';
import {CniError, InvalidParameter, NotAdded, PluginFailed, type PluginTrouble} from './errors.ts';
import type {InvokePlugin, ValidAttachment} from './invocation.ts';
import {supportedVersionsIn} from './plugin-versions.ts';
import {hostInterfacesIn} from './result.ts';
import {isAtLeast} from './versions.ts';

/** An attachment after ADD, successful or not: what DEL must be given. */
export interface Addition {
  readonly attachment: Attachment;
  /** The first failure; absent when ADD has succeeded. */
  readonly error?: unknown;
}

/**
 * ADD through the list in order, each plugin given the result of the one before; the last result is the network's.
 * Does not reject: a failure leaves the earlier plugins' work in place, and the caller must DEL the attachment that is
 * returned (CNI spec, section 3).
 */
export const addNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<Addition> => {
  const list = parseConflist(attachment.config);
  const results: string[] = [];
  for (const [index, plugin] of list.plugins.entries()) {
    try {
      results.push(await invoke('ADD', {list, plugin, attachment, target, prevResult: results.at(-1)}));
    } catch (error) {
      const started = index + (wasStarted(error) ? 1 : 0);
      return {attachment: {...attachment, ...droppedInterfaces(results), started}, error};
    }
    crashPoint('attach: plugin added');
  }
  const {started: _, ...added} = attachment;
  return {attachment: {...added, ...droppedInterfaces(results), result: results.at(-1) ?? '{}'}};
};

/** Whether a plugin whose call failed may have read its configuration. */
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
  const kept = new Set(results.slice(-1).flatMap(hostInterfacesIn));
  const dropped = results.flatMap(hostInterfacesIn).filter((name) => !kept.has(name));
  return dropped.length > 0 ? {hostInterfaces: [...new Set(dropped)]} : {};
};

/**
 * DEL in reverse through the whole list, every plugin given the final result of ADD (from CNI 0.4.0 on), or none if ADD
 * did not finish. Stops at the first error, so that no plugin releases what a later one still uses; the caller repeats
 * the DEL as a whole. Ignored are code 3 (no cleanup is needed; CNI spec, section 5) and every error of a plugin that
 * never got its configuration: it cannot have added anything.
 */
export const delNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<void> => {
  const list = parseConflist(attachment.config);
  const {started = list.plugins.length} = attachment;
  const prevResult = isAtLeast(list.cniVersion, '0.4.0') ? attachment.result : undefined;
  for (const [index, plugin] of [...list.plugins.entries()].toReversed()) {
    try {
      await invoke('DEL', {list, plugin, attachment, target, prevResult});
    } catch (error) {
      if (index < started && !isUnknownContainer(error)) throw error;
    }
    crashPoint('detach: plugin deleted');
  }
};

const isUnknownContainer = (error: unknown): boolean => error instanceof CniError && error.cniCode === 3;

/**
 * CHECK in order, up to the first that finds something wrong. Returns whether it was done: before 0.4.0 there was no
 * CHECK, and a list may not want it.
 */
export const checkNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<boolean> => {
  const list = parseConflist(attachment.config);
  if (list.disableCheck || !isAtLeast(list.cniVersion, '0.4.0')) return false;
  // libcni goes on without; then a plugin cannot know what to check (CNI spec, section 2, "CHECK").
  if (attachment.result === undefined)
    throw new NotAdded(`${attachment.ifName} cannot be checked: its ADD did not succeed`);
  for (const plugin of list.plugins) {
    await invoke('CHECK', {list, plugin, attachment, target, prevResult: attachment.result});
  }
  return true;
};

/** STATUS in order, up to the first plugin that is not ready, which is thrown. Before 1.1.0 there was no STATUS. */
export const statusOfNetwork = async (invoke: InvokePlugin, list: Conflist): Promise<void> => {
  if (!isAtLeast(list.cniVersion, '1.1.0')) return;
  for (const plugin of list.plugins) await invoke('STATUS', {list, plugin});
};

export const hasGarbageCollection = ({disableGC, cniVersion}: Conflist): boolean =>
  !disableGC && isAtLeast(cniVersion, '1.1.0');

/**
 * GC of everything but what is still valid, by all plugins that know how; a failure of one does not keep the others
 * from it. Returns the failures. No substitute for DEL, and nothing of the network may be added or deleted meanwhile:
 * `timeLeft`, in ms, is for all of them together.
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
      // A plugin of 1.0.0 takes GC for a command about a container, and misses its id.
      if (versions.includes('1.1.0')) await invoke('GC', {...invocation(), valid});
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return failures;
};
