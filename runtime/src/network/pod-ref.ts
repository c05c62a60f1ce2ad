/** Identifies a pod as Kubernetes does. */
import {createHash} from 'node:crypto';

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  /** Empty when the caller does not send it, like the first KNI kubelets. */
  readonly uid: string;
}

/** Key of the pod's lock and netns names. Without a uid it is a hash of both names, because a/b-c and a-b/c must differ. */
export const podKeyOf = ({namespace, name, uid}: PodRef): string =>
  uid || createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 32);

export const podNameOf = ({namespace, name}: Pick<PodRef, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;
