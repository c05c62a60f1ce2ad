/** Finds the network that a request means, among whatever the caller knows of it. */
import type {PodNetwork} from './record.ts';

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
export const selectForAttach = (
  records: readonly PodNetwork[],
  selector: Selector,
): PodNetwork | undefined => {
  const bySandbox = records.find(({sandbox}) => sandbox === selector.sandbox);
  if (bySandbox) return bySandbox;
  if (selector.netns) return records.find(({netns}) => netns === selector.netns);
  return records.filter((record) => isOfPod(record, selector)).findLast(({state}) => state === 'created');
};

/**
 * The network to detach or delete: the most precise that is given decides. A network that by now belongs to another
 * sandbox is never meant: names are reused, attempts return to 0, and calls come late.
 */
export const selectForUndo = (records: readonly PodNetwork[], selector: Selector): PodNetwork | undefined => {
  const bySandbox = records.find(({sandbox}) => selector.sandbox && sandbox === selector.sandbox);
  if (bySandbox) return bySandbox;
  if (selector.netns) {
    return records.find(
      ({netns, sandbox}) =>
        netns === selector.netns && (!sandbox || !selector.sandbox || sandbox === selector.sandbox),
    );
  }
  if (selector.sandbox) return undefined;
  const ofPod = records.filter((record) => isOfPod(record, selector));
  // Without a sandbox id the sandbox was most likely never made.
  return ofPod.findLast(({sandbox}) => !sandbox) ?? ofPod.at(-1);
};

const isOfPod = ({pod, attempt}: PodNetwork, selector: Selector): boolean => {
  if (selector.uid) return pod.uid === selector.uid && (!selector.attempt || attempt === selector.attempt);
  return !!selector.name && pod.name === selector.name && pod.namespace === selector.namespace;
};
