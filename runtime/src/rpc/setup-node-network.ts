/** SetupNodeNetwork: makes the node ready for pods, or tells why it cannot be yet. */
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
