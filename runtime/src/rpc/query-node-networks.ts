/** QueryNodeNetworks: the networks of this node, and whether and why not pods can be attached to them. */
import {create} from '@bufbuild/protobuf';
import {
  type QueryNodeNetworksRequest,
  type QueryNodeNetworksResponse,
  QueryNodeNetworksResponseSchema,
} from '../gen/kni_pb.ts';
import type {Pool} from '../node/address-pool.ts';
import type {Trouble} from '../node/trouble.ts';
import type {Context, Handler} from './handler.ts';

export const queryNodeNetworks: Handler<QueryNodeNetworksRequest, QueryNodeNetworksResponse> = async (
  _,
  context,
) => {
  const trouble = await context.node.trouble();
  const extradata = {...(await addressesOf(context)), ...reasonOf(trouble)};
  context.note({ready: !trouble, reason: trouble?.reason});
  return create(QueryNodeNetworksResponseSchema, {networks: [{name: 'kni', ready: !trouble, extradata}]});
};

const reasonOf = (trouble: Trouble | undefined): Record<string, string> =>
  trouble
    ? {
        reason: trouble.reason,
        message: trouble.message,
        ...(trouble.runningPodsUnaffected && {running_pods: 'unaffected'}),
      }
    : {};

/** Of all range sets: a pod gets an address of each, so the scarcest decides. Not known is not told. */
const addressesOf = async ({pools}: Pick<Context, 'pools'>): Promise<Record<string, string>> => {
  const [scarcest] = (await pools().catch(() => [])).toSorted((a, b) => (left(a) < left(b) ? -1 : 1));
  if (!scarcest) return {};
  return {addresses_used: String(scarcest.used), addresses_capacity: String(scarcest.capacity)};
};

const left = ({capacity, used}: Pool): bigint => capacity - BigInt(used);
