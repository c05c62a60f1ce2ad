/** QueryNodeNetworks: the networks of this node, and whether pods can be attached; if not, why. */
import {create} from '@bufbuild/protobuf';
import type {Conflist} from '../cni/conflist.ts';
import {
  type QueryNodeNetworksRequest,
  type QueryNodeNetworksResponse,
  QueryNodeNetworksResponseSchema,
} from '../gen/kni_pb.ts';
import type {PodNetworkService} from '../network/lifecycle.ts';
import {type Pool, poolsOf} from '../node/address-pool.ts';
import {conflistName} from '../node/conflist-of-node.ts';
import type {Trouble} from '../node/trouble.ts';
import type {Handler} from './handler.ts';

export const queryNodeNetworks: Handler<QueryNodeNetworksRequest, QueryNodeNetworksResponse> = async (
  _,
  context,
) => {
  const {list, trouble} = await context.node.status();
  const extradata = {
    ...(list && (await addressesOf(list))),
    ...cleanupsOf(context.pods),
    ...reasonOf(trouble),
  };
  context.note({ready: !trouble, reason: trouble?.reason});
  const name = list?.name ?? conflistName;
  return create(QueryNodeNetworksResponseSchema, {networks: [{name, ready: !trouble, extradata}]});
};

/** Counts the unfinished cleanups of all networks. */
const cleanupsOf = (pods: PodNetworkService): Record<string, string> => {
  const unfinished = pods.unfinished().length;
  return unfinished > 0 ? {unfinished_cleanups: String(unfinished)} : {};
};

const reasonOf = (trouble: Trouble | undefined): Record<string, string> =>
  trouble
    ? {
        reason: trouble.reason,
        message: trouble.message,
        ...(trouble.runningPodsUnaffected && {running_pods: 'unaffected'}),
      }
    : {};

/** The numbers of the fullest range set, because a pod needs an address from each. Empty if unknown. */
const addressesOf = async (list: Conflist): Promise<Record<string, string>> => {
  const [scarcest] = (await poolsOf(list).catch(() => [])).toSorted((a, b) => (left(a) < left(b) ? -1 : 1));
  if (!scarcest) return {};
  return {addresses_used: String(scarcest.used), addresses_capacity: String(scarcest.capacity)};
};

const left = ({capacity, used}: Pool): bigint => capacity - BigInt(used);
