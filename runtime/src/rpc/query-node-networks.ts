/** QueryNodeNetworks: the networks of this node, and whether pods can be attached; if not, why. */
import {create, type MessageInitShape, toBinary} from '@bufbuild/protobuf';
import {
  type NetworkSchema,
  type QueryNodeNetworksRequest,
  QueryNodeNetworksResponseSchema,
} from '../gen/kni_pb.ts';
import type {PodNetworkService} from '../network/lifecycle.ts';
import {type Pool, poolsOf, whyUncounted} from '../node/address-pool.ts';
import type {Trouble} from '../node/trouble.ts';
import type {Handler} from './handler.ts';

export const queryNodeNetworks: Handler<QueryNodeNetworksRequest, Uint8Array> = async (_, context) => {
  const {list, trouble, pools} = await context.node.status();
  const counted = pools ?? (list ? await poolsOf(list).catch(() => []) : []);
  const uncounted = list && whyUncounted(list, counted);
  const extradata = {
    ...addressesOf(counted),
    ...(uncounted !== undefined && {addresses_uncounted: uncounted}),
    ...cleanupsOf(context.pods),
    ...reasonOf(trouble),
  };
  context.note({ready: !trouble, reason: trouble?.reason});
  const name = list?.name ?? context.node.expectedName;
  return encoded({name, ready: !trouble, extradata});
};

type NetworkFields = MessageInitShape<typeof NetworkSchema>;

/** Cached, because most answers equal the one before. */
let last = {text: '', bytes: new Uint8Array()};

const encoded = (network: NetworkFields): Uint8Array => {
  const text = JSON.stringify(network);
  if (text !== last.text) {
    const response = create(QueryNodeNetworksResponseSchema, {networks: [network]});
    last = {text, bytes: toBinary(QueryNodeNetworksResponseSchema, response)};
  }
  return last.bytes;
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
const addressesOf = (pools: readonly Pool[]): Record<string, string> => {
  const [scarcest] = pools.toSorted((a, b) => (left(a) < left(b) ? -1 : 1));
  if (!scarcest) return {};
  return {addresses_used: String(scarcest.used), addresses_capacity: String(scarcest.capacity)};
};

const left = ({capacity, used}: Pool): bigint => capacity - BigInt(used);
