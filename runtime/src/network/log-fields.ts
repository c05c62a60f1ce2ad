/** Log fields that identify a pod network. */
import type {LogFields} from '../log.ts';
import {podNameOf} from './pod-ref.ts';
import type {PodNetworkRecord} from './record.ts';
import type {Selector} from './select.ts';

export const fieldsOfNetwork = ({key, pod, sandbox, netns}: PodNetworkRecord): LogFields => ({
  correlation: key,
  pod: podNameOf(pod),
  uid: pod.uid || undefined,
  sandbox,
  netns,
});

/** For a request whose network is not known (yet). */
export const fieldsOfSelector = ({namespace, name, uid, sandbox, netns}: Selector): LogFields => ({
  pod: name ? podNameOf({namespace, name}) : undefined,
  uid: uid || undefined,
  sandbox: sandbox || undefined,
  netns: netns || undefined,
});
