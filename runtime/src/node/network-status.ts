/** Asks the plugins of a network whether they could attach pods (CNI spec, section 2, "STATUS"). */
import type {Conflist} from '../cni/conflist.ts';
import {CniError} from '../cni/errors.ts';
import {statusOfNetwork} from '../cni/network.ts';
import type {InvokePlugin} from '../cni/plugin.ts';
import {textOf} from '../log.ts';
import type {Trouble} from './trouble.ts';

type StatusOf = (list: Conflist) => Promise<Trouble | undefined>;

/** A kubelet asks every few seconds, and each answer may cost the start of several programs. */
const goodForMs = 5_000;

/** `uptime` in ms. Those who ask at the same time share one answer. */
export const createStatusOf = (invoke: InvokePlugin, uptime: () => number): StatusOf => {
  let last:
    | {readonly text: string; readonly at: number; readonly answer: Promise<Trouble | undefined>}
    | undefined;
  return (list) => {
    if (last?.text !== list.text || uptime() - last.at > goodForMs)
      last = {text: list.text, at: uptime(), answer: troubleOf(invoke, list)};
    return last.answer;
  };
};

const troubleOf = async (invoke: InvokePlugin, list: Conflist): Promise<Trouble | undefined> => {
  try {
    await statusOfNetwork(invoke, list);
    return undefined;
  } catch (error) {
    // 51: those that are attached may be cut off as well.
    const limited = error instanceof CniError && error.cniCode === 51;
    return {reason: limited ? 'CNIPluginLimited' : 'CNIPluginNotReady', message: textOf(error)};
  }
};
