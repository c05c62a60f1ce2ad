/** Gathers what a request tells about the network it means. */
import type {Selector} from '../network/select.ts';
import {netnsPath, optional} from './checked.ts';

export interface Identifying {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly extradata: Readonly<Record<string, string>>;
}

/** `path` is the netns as the request's own field has it; the first KNI kubelets put it into extradata["netns"]. */
export const selectorOf = (
  {id, name, namespace, extradata}: Identifying,
  path: string | undefined,
): Selector => ({
  sandbox: optional('id', id),
  netns: netnsPath(path || extradata['netns']),
  uid: optional('uid', extradata['uid']),
  attempt: optional('attempt', extradata['attempt']),
  namespace: optional('namespace', namespace),
  name: optional('name', name),
});
