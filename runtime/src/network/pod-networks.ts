/** The networks of this node's pods, from creation to deletion. */
import type {Conflist} from '../cni/conflist.ts';
import type {InvokePlugin} from '../cni/plugin.ts';
import type {Lock} from '../lock.ts';
import type {Log} from '../log.ts';
import type {NetnsDir} from '../netns/netns-dir.ts';
import {createAttach} from './attach.ts';
import {createCreate} from './create.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {PodRef} from './pod-ref.ts';
import type {PodNetwork} from './record.ts';
import type {Records} from './records.ts';
import type {Selector} from './select.ts';
import {createUndo} from './undo.ts';

/**
 * Each may be repeated. What changes a pod's network holds the pod's lock, so that it happens one at a time in the
 * order of the calls; `signal` only keeps waiting work from beginning.
 */
export interface PodNetworks {
  create(pod: PodRef, attempt: string, signal?: AbortSignal): Promise<PodNetwork>;
  attach(request: AttachRequest, signal?: AbortSignal): Promise<PodNetwork>;
  /** Answers from memory and does not wait: a kubelet that asks during an attach wants to know just that. */
  query(sandbox: string): PodNetwork;
  /** Returns what was detached, or is no longer attached; `undefined` when nothing is known of it. */
  detach(selector: Selector, signal?: AbortSignal): Promise<PodNetwork | undefined>;
  delete(selector: Selector, signal?: AbortSignal): Promise<PodNetwork | undefined>;
  /** Undoes what a crash or a failed DEL has left, and deletes what no sandbox came for. Failures are logged and left for the next time. */
  sweep(): Promise<void>;
}

export interface AttachRequest extends Selector {
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
}

/** What the life of a pod's network depends on. */
export interface Parts {
  readonly records: Records;
  readonly netns: NetnsDir;
  readonly invoke: InvokePlugin;
  /** The network to attach to; throws NodeNotReady when there is none. */
  readonly network: () => Promise<Conflist>;
  readonly lock: Lock;
  /** In ms since 1970: it is written down, and read by a later process. */
  readonly now: () => number;
  readonly log: Log;
}

export const createPodNetworks = (parts: Parts): PodNetworks => ({
  create: createCreate(parts),
  attach: createAttach(parts),
  query: (sandbox) => {
    const found = parts.records.all().find((record) => record.sandbox === sandbox);
    if (!found) throw new UnknownNetwork('the sandbox is not known');
    if (found.state !== 'attached')
      throw new WrongState(`the sandbox is not attached: its network is ${found.state}`);
    return found;
  },
  ...createUndo(parts),
});
