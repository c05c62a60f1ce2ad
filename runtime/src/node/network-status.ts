/** Asks the plugins of a network whether they could attach pods (CNI spec, section 2, "STATUS"). */
import type {Conflist} from '../cni/conflist.ts';
import {CniError} from '../cni/errors.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import {statusOfNetwork} from '../cni/network.ts';
import {DeadlineExceeded, withinDeadline} from '../lib/deadline.ts';
import {errorText} from '../log.ts';
import type {Trouble} from './trouble.ts';

/** Answers in time, also when a plugin does not. */
type StatusOf = (list: Conflist) => Promise<Trouble | undefined>;

/** A kubelet asks every few seconds, and each answer may cost the start of several programs. */
const goodForMs = 5_000;
/** Whoever asks for the state of the node gives up after 5 s, and would never learn the reason. */
const usualPatienceMs = 2_000;

/** `uptime` in ms. One question at a time: plugins that hang must not be started again and again. */
export const createStatusOf = (
  invoke: InvokePlugin,
  uptime: () => number,
  patienceMs = usualPatienceMs,
): StatusOf => {
  let last: {readonly text: string; readonly at: number; readonly trouble: Trouble | undefined} | undefined;
  let asking: Promise<void> | undefined;
  const ask = async (list: Conflist): Promise<void> => {
    const trouble = await troubleOf(invoke, list);
    last = {text: list.text, at: uptime(), trouble};
    asking = undefined;
  };
  const answer = async (list: Conflist): Promise<Trouble | undefined> => {
    for (;;) {
      if (last?.text === list.text && uptime() - last.at <= goodForMs) return last.trouble;
      asking ??= ask(list); // of another list it may be, which has to end first
      await asking;
    }
  };
  return async (list) => {
    try {
      return await withinDeadline(patienceMs, () => answer(list));
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      const message = `the plugins of network ${list.name} did not answer STATUS within ${patienceMs} ms`;
      return {reason: 'CNIPluginNotReady', message};
    }
  };
};

/** Never rejects. */
const troubleOf = async (invoke: InvokePlugin, list: Conflist): Promise<Trouble | undefined> => {
  try {
    await statusOfNetwork(invoke, list);
    return undefined;
  } catch (error) {
    // 51: those that are attached may be cut off as well.
    const limited = error instanceof CniError && error.cniCode === 51;
    return {reason: limited ? 'CNIPluginLimited' : 'CNIPluginNotReady', message: errorText(error)};
  }
};
