/** CreateNetwork: makes the netns of a pod, or finds the one made for the same attempt before. */
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
  // netns_path_prefix is not heeded: where netns are is the node's to say, and containerd adopts them from nowhere else.
  const attempt = optional('attempt', request.extradata['attempt']) || '0';
  const network = await context.pods.create(pod, attempt, context);
  context.note(fieldsOfNetwork(network));
  return create(CreateNetworkResponseSchema, {netnsPath: network.netns});
};
