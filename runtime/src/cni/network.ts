/** What is done to one attachment, and to one network: the order of the plugins and what is passed from one to the next. */
import {crashPoint} from '../crash-point.ts';
import type {Attachment, Target} from './attachment.ts';
import {type Conflist, parseConflist} from './conflist.ts';
import {CniError, NotAdded, PluginFailed} from './errors.ts';
import type {InvokePlugin, ValidAttachment} from './plugin.ts';
import {supportedVersionsIn} from './plugin-versions.ts';
import {isAtLeast} from './versions.ts';

/**
 * ADD through the list in order, each plugin given the result of the one before; the last result is the network's.
 * A failure leaves what went before in place: the caller must DEL, also after a failed ADD (CNI spec, section 3).
 */
export const addNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<string> => {
  const list = parseConflist(attachment.config);
  let result: string | undefined;
  for (const plugin of list.plugins) {
    result = await invoke('ADD', {list, plugin, attachment, target, prevResult: result});
    crashPoint('attach: plugin added');
  }
  return result ?? '{}'; // not reached: a list has a plugin
};

/**
 * DEL in reverse, every plugin given the final result of ADD (from CNI 0.4.0 on); stops at the first error, to be
 * repeated as a whole, but for one that says that there is nothing to delete.
 */
export const delNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<void> => {
  const list = parseConflist(attachment.config);
  const prevResult = isAtLeast(list.cniVersion, '0.4.0') ? attachment.result : undefined;
  for (const plugin of list.plugins.toReversed()) {
    try {
      await invoke('DEL', {list, plugin, attachment, target, prevResult});
    } catch (error) {
      if (!hasNothing(error, attachment)) throw error;
    }
    crashPoint('detach: plugin deleted');
  }
};

const cniCodes = {incompatibleVersion: 1, unknownContainer: 3} as const;

/**
 * Whether the error says that there is nothing to delete: the plugin knows no such container (CNI spec, section 5,
 * "Error"), or cannot have added anything, since it is not there or not of this version, and the list was not added whole.
 * Who waited for such a plugin to delete would wait for ever.
 */
const hasNothing = (error: unknown, {result}: Attachment): boolean => {
  if (error instanceof PluginFailed) return error.trouble === 'missing' && result === undefined;
  if (!(error instanceof CniError)) return false;
  if (error.cniCode === cniCodes.unknownContainer) return true;
  return error.cniCode === cniCodes.incompatibleVersion && result === undefined;
};

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
  if (attachment.result === undefined) throw new NotAdded(`${attachment.ifName} has not been added`);
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
  if (list.disableGC || !isAtLeast(list.cniVersion, '1.1.0')) return failures;
  for (const plugin of list.plugins) {
    const invocation = () => {
      const timeoutMs = timeLeft();
      if (timeoutMs > 0) return {list, plugin, timeoutMs};
      throw new PluginFailed(
        plugin.type,
        'timed-out',
        'is not asked for GC, which has taken too long already',
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
