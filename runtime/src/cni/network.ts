/** Adds and deletes one attachment: the order of the plugins and what is passed from one to the next. */
import type {Attachment, Target} from './attachment.ts';
import {parseConflist} from './conflist.ts';
import type {InvokePlugin} from './plugin.ts';

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
  }
  return result ?? '{}'; // not reached: a list has a plugin
};

/** DEL in reverse, every plugin given the final result of ADD; stops at the first error, to be repeated as a whole. */
export const delNetwork = async (
  invoke: InvokePlugin,
  attachment: Attachment,
  target: Target,
): Promise<void> => {
  const list = parseConflist(attachment.config);
  for (const plugin of list.plugins.toReversed()) {
    await invoke('DEL', {list, plugin, attachment, target, prevResult: attachment.result});
  }
};
