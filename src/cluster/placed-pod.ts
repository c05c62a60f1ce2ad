/** Finds a pod that runs on a node and has its own network. */

import {UserError} from '../errors.ts';
import {kubectl} from '../tools/kubectl.ts';
import {type Cluster, flagOf} from './cluster.ts';
import {findPod, type Pod} from './pod.ts';

export type PlacedPod = Pod & {readonly node: string};

/** `path` is `namespace/name`. Throws UserError when the pod is missing, not scheduled, or uses its node's network. */
export const placedPod = async (cluster: Cluster, path: string, signal: AbortSignal): Promise<PlacedPod> => {
  const pod = await findPod(cluster.controlPlane, path, signal);
  if (pod === undefined) throw await noSuchPod(cluster, path, signal);
  const {node} = pod;
  if (node === undefined) {
    throw new UserError({
      code: 'KNI-E112',
      what: `pod ${path} is not scheduled to a node yet`,
      why: pod.why,
      tryThis: `inspect it again when it has a node: kni-demo pod list${flagOf(cluster)}`,
    });
  }
  if (pod.hostNetwork) {
    throw new UserError({
      what: `pod ${path} does not have its own network`,
      why: `it uses the network of its node ${node} (hostNetwork), so KNI does nothing for it`,
      tryThis: `inspect another pod: kni-demo pod list${flagOf(cluster)}`,
      code: 'KNI-E211',
    });
  }
  return {...pod, node};
};

const mostNames = 10;

export const noSuchPod = async (cluster: Cluster, path: string, signal: AbortSignal): Promise<UserError> => {
  const [namespace = ''] = path.split('/');
  const {stdout} = await cluster.controlPlane.run(
    kubectl('get', '-n', namespace, 'pods', '-o', 'jsonpath={.items[*].metadata.name}'),
    {signal},
  );
  const names = stdout.split(' ').filter(Boolean);
  const more = names.length > mostNames ? `, and ${names.length - mostNames} more` : '';
  return new UserError({
    what: `pod ${path} does not exist`,
    why:
      names.length === 0
        ? `namespace ${namespace} has no pods`
        : `namespace ${namespace} has ${names.slice(0, mostNames).join(', ')}${more}`,
    tryThis: `choose another name, or NAMESPACE/NAME outside the default namespace: kni-demo pod list${flagOf(cluster)}`,
    code: 'KNI-E210',
  });
};
