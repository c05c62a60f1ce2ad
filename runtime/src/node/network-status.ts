/** Asks the plugins of a network whether they can attach pods (CNI spec, section 2, "STATUS"). */
import type {Conflist} from '../cni/conflist.ts';
import {CniError} from '../cni/errors.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import {statusOfNetwork} from '../cni/network.ts';
import {DeadlineExceeded, withinDeadline} from '../lib/deadline.ts';
import {errorText} from '../log.ts';
import type {Trouble} from './trouble.ts';

/** Answers in time even if a plugin hangs. */
type StatusOf = (list: Conflist) => Promise<Trouble | undefined>;

/** Answers are cached, because the kubelet asks every few seconds and each STATUS starts several programs. */
const goodForMs = 5_000;
/** Shorter than the 5 s after which callers give up, so that they learn the reason. */
const defaultTimeoutMs = 2_000;

/** `uptime` is in ms. Only one STATUS runs at a time, so that hanging plugins are not started again and again. */
export const createStatusOf = (
  invoke: InvokePlugin,
  uptime: () => number,
  timeoutMs = defaultTimeoutMs,
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
      asking ??= ask(list); // may be a STATUS of another list, which must finish first
      await asking;
    }
  };
  return async (list) => {
    try {
      return await withinDeadline(timeoutMs, () => answer(list));
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      const message = `the plugins of network ${list.name} did not answer STATUS within ${timeoutMs} ms`;
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
    // 51: attached pods may have limited connectivity, too.
    const limited = error instanceof CniError && error.cniCode === 51;
    return {reason: limited ? 'CNIPluginLimited' : 'CNIPluginNotReady', message: errorText(error)};
  }
};
