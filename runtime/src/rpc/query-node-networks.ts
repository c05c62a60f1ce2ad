/** QueryNodeNetworks: the networks of this node, and whether and why not pods can be attached to them. */
import {create} from '@bufbuild/protobuf';
import {
  type QueryNodeNetworksRequest,
  type QueryNodeNetworksResponse,
  QueryNodeNetworksResponseSchema,
} from '../gen/kni_pb.ts';
import type {Context, Handler} from './handler.ts';

export const queryNodeNetworks: Handler<QueryNodeNetworksRequest, QueryNodeNetworksResponse> = async (
  _,
  context,
) => {
  const trouble = await context.node.trouble();
  const extradata = await addressesOf(context);
  const network = trouble
    ? {name: 'kni', ready: false, extradata: {...extradata, reason: trouble.reason, message: trouble.message}}
    : {name: 'kni', ready: true, extradata};
  context.note({ready: network.ready, reason: trouble?.reason});
  return create(QueryNodeNetworksResponseSchema, {networks: [network]});
};

/** Of all range sets: a pod gets an address of each, so the scarcest decides. Not known is not told. */
const addressesOf = async ({pools}: Pick<Context, 'pools'>): Promise<Record<string, string>> => {
  const own = (await pools().catch(() => [])).filter(({network}) => network === 'kni');
  const [scarcest] = own.toSorted((a, b) => a.capacity - a.used - (b.capacity - b.used));
  if (!scarcest) return {};
  return {addresses_used: String(scarcest.used), addresses_capacity: String(scarcest.capacity)};
};
