/** Finds the networks in which orphans of this network runtime may be. */
import {type Conflist, parseConflist} from '../cni/conflist.ts';
import type {Networks} from './attachments.ts';
import {bridgesOf, ownBridgesOf} from './bridges.ts';
import type {Claims} from './claims.ts';
import type {NetworksOfOthers} from './orphans.ts';

export interface NetworksInUse {
  readonly own: readonly Conflist[];
  /** Another container runtime attaches pods to them, too. */
  readonly shared: readonly Conflist[];
}

/** The node's network and the networks that pods are attached to. Throws if the configuration on record is not valid. */
export const networksInUse = (
  networks: Networks,
  {configs}: Pick<Claims, 'configs'>,
  ofOthers: NetworksOfOthers,
): NetworksInUse => {
  const texts = new Set(configs);
  const primary = primaryOf(networks);
  if (primary) texts.add(primary.text);
  const lists = [...texts].map((text) => parseConflist(text));
  return {
    own: lists.filter(({name}) => !ofOthers.has(name)),
    shared: lists.filter(({name}) => ofOthers.has(name)),
  };
};

const primaryOf = ({primary}: Networks): Conflist | undefined => {
  try {
    return primary();
  } catch {
    return undefined; // the node may not have a network yet
  }
};

/** Names of bridges that only this network runtime uses. */
export const ownBridgesIn = ({own, shared}: NetworksInUse, ipamDir: string): ReadonlySet<string> => {
  const bridges = new Set(own.flatMap((list) => ownBridgesOf(list, ipamDir)));
  for (const bridge of shared.flatMap(bridgesOf)) bridges.delete(bridge);
  return bridges;
};
