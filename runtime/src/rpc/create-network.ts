/** CreateNetwork: creates the netns of a pod. Idempotent: a retry for the same attempt returns the same netns. */
import {create} from '@bufbuild/protobuf';
import {
  type CreateNetworkRequest,
  type CreateNetworkResponse,
  CreateNetworkResponseSchema,
} from '../gen/kni_pb.ts';
import {fieldsOfNetwork} from '../network/log-fields.ts';
import {optional, required} from './checked.ts';
import type {Handler} from './handler.ts';

export const createNetwork: Handler<CreateNetworkRequest, CreateNetworkResponse> = async (
  request,
  context,
) => {
  const pod = {
    namespace: required('namespace', request.namespace),
    name: required('name', request.name),
    uid: optional('uid', request.uid || request.extradata['uid']),
  };
  context.note({pod: `${pod.namespace}/${pod.name}`, uid: pod.uid || undefined});
  // netns_path_prefix is ignored: the netns directory of the node is fixed, and containerd accepts no other.
  const attempt = optional('attempt', request.extradata['attempt']) || '0';
  const network = await context.pods.create(pod, attempt, context);
  context.note(fieldsOfNetwork(network));
  return create(CreateNetworkResponseSchema, {netnsPath: network.netns});
};
