/** Finds the network that a request means, among whatever the caller knows of it. */
import type {PodNetworkRecord} from './record.ts';
import type {RecordIndex} from './record-index.ts';

/** A kubelet of our own tells all of it; others may tell only some. */
export interface Selector {
  readonly sandbox: string;
  readonly netns: string;
  readonly uid: string;
  readonly attempt: string;
  readonly namespace: string;
  readonly name: string;
}

/** The network to attach: by sandbox when this is a repetition, else by netns, else the one waiting for this pod. */
export const selectForAttach = (records: RecordIndex, selector: Selector): PodNetworkRecord | undefined => {
  const bySandbox = records.bySandbox(selector.sandbox);
  if (bySandbox) return bySandbox;
  if (selector.netns) return records.byNetns(selector.netns);
  return ofPod(records, selector).findLast(({state}) => state === 'created');
};

/**
 * The network to detach or delete: the most precise that is given decides. A network that by now belongs to another
 * sandbox is never meant: names are reused, attempts return to 0, and calls come late.
 */
export const selectForTeardown = (records: RecordIndex, selector: Selector): PodNetworkRecord | undefined => {
  const bySandbox = selector.sandbox ? records.bySandbox(selector.sandbox) : undefined;
  if (bySandbox) return bySandbox;
  if (selector.netns) {
    const found = records.byNetns(selector.netns);
    return found?.sandbox && selector.sandbox ? undefined : found;
  }
  if (selector.sandbox) return undefined;
  const candidates = ofPod(records, selector);
  // Without a sandbox id the sandbox was most likely never made.
  return candidates.findLast(({sandbox}) => !sandbox) ?? candidates.at(-1);
};

/** Without pending records: their sandboxes are gone, and a call by uid or name means a later sandbox of the pod. */
const ofPod = (
  records: RecordIndex,
  {uid, attempt, namespace, name}: Selector,
): readonly PodNetworkRecord[] => {
  if (!uid && !name) return [];
  return records
    .ofPod({uid, namespace, name})
    .filter((record) => record.state !== 'pending' && (!uid || !attempt || record.attempt === attempt));
};
