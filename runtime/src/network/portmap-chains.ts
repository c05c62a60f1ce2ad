/** Finds orphaned iptables chains of the portmap plugin: their sandbox has no record. */
import {createHash} from 'node:crypto';
import type {Conflist} from '../cni/conflist.ts';
import type {Family} from '../node/ip-address.ts';
import {isUndone} from './record.ts';
import type {RecordIndex} from './record-index.ts';

export interface PortmapChain {
  readonly family: Family;
  readonly name: string;
  /** Rules that jump to the chain, as iptables prints them. */
  readonly jumps: readonly string[];
  /** From the comment of those rules; `undefined` when no rule jumps to the chain. */
  readonly owner: ChainOwner | undefined;
}

export interface ChainOwner {
  readonly network: string;
  readonly sandbox: string;
}

export interface PortmapChains {
  readonly list: () => Promise<readonly PortmapChain[]>;
  /** Removes all chains of an address family, or none of them. */
  readonly remove: (chains: readonly PortmapChain[]) => Promise<void>;
}

/** Forms names like the plugin (containernetworking/plugins, pkg/utils/utils.go, MustFormatChainNameWithPrefix). */
export const chainNamesOf = ({network, sandbox}: ChainOwner): readonly string[] => {
  const digest = createHash('sha512').update(network).update(sandbox).digest('hex');
  return ['CNI-DN-', 'CNI-SN-'].map((prefix) => `${prefix}${digest}`.slice(0, 28));
};

/**
 * The chain's name must be the digest of its owner, because comments can be wrong or cut off. Only chains of the given networks
 * count: other container runtimes on the node use the same plugin.
 */
export const findOrphanedChains = (
  chains: readonly PortmapChain[],
  records: RecordIndex,
  networks: ReadonlySet<string>,
): PortmapChain[] =>
  chains.filter(({name, owner}) => {
    if (!owner || !networks.has(owner.network) || !chainNamesOf(owner).includes(name)) return false;
    const record = records.bySandbox(owner.sandbox);
    return !record || isUndone(record);
  });

/** Names of the networks whose pods may have chains. */
export const portmapNetworksOf = (lists: readonly Conflist[]): ReadonlySet<string> =>
  new Set(lists.filter(hasPortmap).map(({name}) => name));

const hasPortmap = ({plugins}: Conflist): boolean => plugins.some(({type}) => type === 'portmap');
