/** Finds the iptables chains that the portmap plugin left for sandboxes without a record. */
import {createHash} from 'node:crypto';
import type {Conflist} from '../cni/conflist.ts';
import type {Family} from '../node/ip-address.ts';
import {isUndone} from './record.ts';
import type {RecordIndex} from './record-index.ts';

export interface PortmapChain {
  readonly family: Family;
  readonly name: string;
  /** Rules that lead to the chain, as iptables prints them. */
  readonly jumps: readonly string[];
  /** Names in the comment of those rules. A chain that no rule leads to has no owner. */
  readonly owner: ChainOwner | undefined;
}

export interface ChainOwner {
  readonly network: string;
  readonly sandbox: string;
}

export interface PortmapChains {
  readonly list: () => Promise<readonly PortmapChain[]>;
  /** All or none of a family. */
  readonly remove: (chains: readonly PortmapChain[]) => Promise<void>;
}

/** As the plugin forms names (containernetworking/plugins, pkg/utils/utils.go, MustFormatChainNameWithPrefix). */
export const chainNamesOf = ({network, sandbox}: ChainOwner): readonly string[] => {
  const digest = createHash('sha512').update(network).update(sandbox).digest('hex');
  return ['CNI-DN-', 'CNI-SN-'].map((prefix) => `${prefix}${digest}`.slice(0, 28));
};

/**
 * The chain's name is a digest of its owner: a comment that says otherwise, or that was cut, proves nothing. Only chains
 * of the given networks count: other container runtimes use the same plugin on the same node.
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

export const hasPortmap = ({plugins}: Conflist): boolean => plugins.some(({type}) => type === 'portmap');
