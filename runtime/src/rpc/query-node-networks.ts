/** QueryNodeNetworks: the networks of this node, and whether and why not pods can be attached to them. */
import {create} from '@bufbuild/protobuf';
import {
  type QueryNodeNetworksRequest,
  type QueryNodeNetworksResponse,
  QueryNodeNetworksResponseSchema,
} from '../gen/kni_pb.ts';
import type {Handler} from './handler.ts';

export const queryNodeNetworks: Handler<QueryNodeNetworksRequest, QueryNodeNetworksResponse> = async (
  _,
  context,
) => {
  const trouble = await context.node.trouble();
  const network = trouble
    ? {name: 'kni', ready: false, extradata: {reason: trouble.reason, message: trouble.message}}
    : {name: 'kni', ready: true};
  context.note({ready: network.ready, reason: trouble?.reason});
  return create(QueryNodeNetworksResponseSchema, {networks: [network]});
};
