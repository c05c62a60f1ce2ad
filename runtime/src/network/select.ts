/** Finds the record that a request means. Callers send different sets of identifiers. */
import type {PodRef} from './pod-ref.ts';

/** The fields of a record by which it is selected. A record in state `created` waits for its sandbox. */
export interface Selectable {
  readonly attempt: string;
  readonly state: string;
  readonly sandbox?: string | undefined;
}

export interface SelectableIndex<Each> {
  bySandbox(sandbox: string): Each | undefined;
  byNetns(netns: string): Each | undefined;
  /** By uid if the reference has one, else by namespace and name; oldest first. */
  ofPod(pod: PodRef): readonly Each[];
}

/** Our own kubelet sends all fields; others may send only some. Missing ones are empty. */
export interface Selector {
  readonly sandbox: string;
  readonly netns: string;
  readonly uid: string;
  readonly attempt: string;
  readonly namespace: string;
  readonly name: string;
}

/** The record to attach: by sandbox if the call is repeated, else by netns, else the one that waits for this pod. */
export const selectForAttach = <Each extends Selectable>(
  records: SelectableIndex<Each>,
  selector: Selector,
): Each | undefined => {
  const bySandbox = records.bySandbox(selector.sandbox);
  if (bySandbox) return bySandbox;
  if (selector.netns) return records.byNetns(selector.netns);
  return ofPod(records, selector).findLast(({state}) => state === 'created');
};

/**
 * The record to detach or delete: the most precise identifier decides. Never selects the record of another sandbox: names are
 * reused, attempts restart at 0, and calls can be late.
 */
export const selectForTeardown = <Each extends Selectable>(
  records: SelectableIndex<Each>,
  selector: Selector,
): Each | undefined => {
  const bySandbox = selector.sandbox ? records.bySandbox(selector.sandbox) : undefined;
  if (bySandbox) return bySandbox;
  if (selector.netns) {
    const found = records.byNetns(selector.netns);
    return found?.sandbox && selector.sandbox ? undefined : found;
  }
  if (selector.sandbox) return undefined;
  const candidates = ofPod(records, selector);
  // A call without a sandbox id most likely means a sandbox that was never created.
  return candidates.findLast(({sandbox}) => !sandbox) ?? candidates.at(-1);
};

/** Skips pending records: their sandboxes are gone, so a call by uid or name means a later sandbox of the pod. */
const ofPod = <Each extends Selectable>(
  records: SelectableIndex<Each>,
  {uid, attempt, namespace, name}: Selector,
): readonly Each[] => {
  if (!uid && !name) return [];
  return records
    .ofPod({uid, namespace, name})
    .filter((record) => record.state !== 'pending' && (!uid || !attempt || record.attempt === attempt));
};
