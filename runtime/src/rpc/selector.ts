/** Collects the fields of a request that identify a pod network. */
import type {Selector} from '../network/select.ts';
import {netnsPath, optional} from './checked.ts';

export interface IdentityFields {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly extradata: Readonly<Record<string, string>>;
}

/** `path` is the netns from the field of the request; the first KNI kubelets sent extradata["netns"] instead. */
export const selectorOf = (
  {id, name, namespace, extradata}: IdentityFields,
  path: string | undefined,
): Selector => ({
  sandbox: optional('id', id),
  netns: netnsPath(path || extradata['netns']),
  uid: optional('uid', extradata['uid']),
  attempt: optional('attempt', extradata['attempt']),
  namespace: optional('namespace', namespace),
  name: optional('name', name),
});
