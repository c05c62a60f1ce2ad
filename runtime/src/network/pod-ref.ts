/** Who a network is for, as Kubernetes names it. */
import {createHash} from 'node:crypto';

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  /** Empty when the caller does not tell, as the first KNI kubelets do. */
  readonly uid: string;
}

/** One lock, and one series of netns names, to a pod. Without a uid the names stand in, hashed: a+b-c is not a-b+c. */
export const podKeyOf = ({namespace, name, uid}: PodRef): string =>
  uid || createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 32);

export const podNameOf = ({namespace, name}: Pick<PodRef, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;
