/** SetupNodeNetwork: prepares the node for pods, or fails with the reason why it is not ready yet. */
import {create} from '@bufbuild/protobuf';
import {
  type SetupNodeNetworkRequest,
  type SetupNodeNetworkResponse,
  SetupNodeNetworkResponseSchema,
} from '../gen/kni_pb.ts';
import type {Handler} from './handler.ts';

export const setupNodeNetwork: Handler<SetupNodeNetworkRequest, SetupNodeNetworkResponse> = async (
  _,
  {node},
) => {
  await node.setup();
  return create(SetupNodeNetworkResponseSchema);
};
