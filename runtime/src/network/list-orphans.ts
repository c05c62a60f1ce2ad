/** Lists orphans without removing them. */
import {errorText} from '../log.ts';
import {claimsOf} from './claims.ts';
import type {Orphans, Parts} from './lifecycle.ts';
import {networksInUse, ownBridgesIn} from './networks-in-use.ts';
import {findOrphanedLinks} from './orphaned-links.ts';
import {findOrphanedLeases, findOrphanedNetns, type NetworksOfOthers} from './orphans.ts';
import {findOrphanedChains, portmapNetworksOf} from './portmap-chains.ts';

/** Calls in progress may make it list too much. Rejects if netns or leases cannot be listed. */
export const listOrphans = async (parts: Parts): Promise<Orphans> => {
  const netns = await findOrphanedNetns(parts);
  const ofOthers = await parts.networksOfOthers();
  const leases = await findOrphanedLeases(parts, ofOthers);
  return {
    netns,
    addresses: leases.map(({ip}) => ip),
    ...(await linksAndChains(parts, ofOthers)),
  };
};

const linksAndChains = async (
  parts: Parts,
  ofOthers: NetworksOfOthers,
): Promise<Pick<Orphans, 'links' | 'chains' | 'problems'>> => {
  const {records, networks, ipamDir, portmapChains} = parts;
  try {
    const claims = claimsOf(records);
    const used = networksInUse(networks, claims, ofOthers);
    const links = await findOrphanedLinks(parts, claims, ownBridgesIn(used, ipamDir));
    const ofPortmap = portmapNetworksOf(used.own);
    const chains =
      ofPortmap.size > 0 ? findOrphanedChains(await portmapChains.list(), records, ofPortmap) : [];
    return {
      links: links.map(({name}) => name),
      chains: [...new Set(chains.map(({name}) => name))],
      problems: [],
    };
  } catch (error) {
    return {links: [], chains: [], problems: [errorText(error)]};
  }
};
