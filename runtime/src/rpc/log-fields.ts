/** What the log says about the network that an RPC is about. */
import type {LogFields} from '../log.ts';
import {podNameOf} from '../network/pod-ref.ts';
import type {PodNetwork} from '../network/record.ts';
import type {Selector} from '../network/select.ts';

export const fieldsOfNetwork = ({key, pod, sandbox, netns}: PodNetwork): LogFields => ({
  correlation: key,
  pod: podNameOf(pod),
  uid: pod.uid || undefined,
  sandbox,
  netns,
});

/** Of a request whose network is not known (yet). */
export const fieldsOfSelector = ({namespace, name, uid, sandbox, netns}: Selector): LogFields => ({
  pod: name ? podNameOf({namespace, name}) : undefined,
  uid: uid || undefined,
  sandbox: sandbox || undefined,
  netns: netns || undefined,
});
