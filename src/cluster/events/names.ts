/** Learns which pod a sandbox belongs to, so that events which name only one of them can be completed. */

import type {ClusterEvent, Subject} from './event.ts';

export interface Names {
  learn(subject: Subject): void;
  /** The event with its pod, uid and sandbox, as far as they are known. */
  complete(event: ClusterEvent): ClusterEvent;
}

/** Pods to remember. */
const most = 10_000;

export const createNames = (): Names => {
  const bySandbox = new Map<string, Subject>();
  const byUid = new Map<string, Subject>();
  const byCorrelation = new Map<string, Subject>();
  return {
    learn({pod, uid, sandbox, correlation}) {
      if (pod === undefined && uid === undefined) return;
      remember(bySandbox, sandbox, {pod, uid});
      remember(byUid, uid, {pod});
      remember(byCorrelation, correlation, {pod, uid, sandbox});
    },
    complete(event) {
      const found = {
        ...bySandbox.get(event.sandbox ?? ''),
        ...byCorrelation.get(event.correlation ?? ''),
        ...known(event),
      };
      const pod = found.pod ?? byUid.get(found.uid ?? '')?.pod;
      return {...event, ...known({...found, pod})};
    },
  };
};

const remember = (names: Map<string, Subject>, key: string | undefined, subject: Subject): void => {
  if (key === undefined) return;
  names.set(key, {...names.get(key), ...known(subject)});
  const [oldest] = names.keys();
  if (names.size > most && oldest !== undefined) names.delete(oldest);
};

const known = ({pod, uid, sandbox}: Subject): Subject => ({
  ...(pod !== undefined && {pod}),
  ...(uid !== undefined && {uid}),
  ...(sandbox !== undefined && {sandbox}),
});
