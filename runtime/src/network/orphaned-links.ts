/** Finds orphaned host ends of veth pairs: they do not lead into the netns of any record. */
import {keyOfNetnsPath, type NetnsDir} from '../netns/netns-dir.ts';
import {type Claims, claimsOf} from './claims.ts';
import {isUndone} from './record.ts';
import type {RecordIndex} from './record-index.ts';
import {recordOfNetns} from './record-of-netns.ts';

/** Access to the node's interfaces. */
export interface NodeLinks {
  /** Host ends of veth pairs that the bridge plugin may have put on this bridge. */
  readonly vethsOn: (bridge: string) => Promise<readonly Veth[]>;
  /** The kernel's ids of the netns in the directory, by name. Only a netns with a link into it has an id. */
  readonly netnsIds: () => Promise<ReadonlyMap<string, number>>;
  /** Removing a missing link is fine. */
  readonly remove: (name: string) => Promise<void>;
}

export interface Veth {
  readonly name: string;
  readonly peer: Peer;
}

/** Location of the other end. */
export type Peer =
  | {readonly kind: 'node'}
  | {readonly kind: 'netns'; readonly id: number}
  | {readonly kind: 'unknown'};

export interface OrphanedLinkParts {
  readonly links: NodeLinks;
  readonly netns: Pick<NetnsDir, 'path' | 'exists'>;
  readonly records: RecordIndex;
}

/**
 * Safe while pods are attached: links are listed before netns, and a record is in memory before its netns is created. So each
 * listed link of a pod has a named netns with a record.
 */
export const findOrphanedLinks = async (
  {links, netns, records}: OrphanedLinkParts,
  {hostInterfaces}: Claims,
  bridges: Iterable<string>,
): Promise<Veth[]> => {
  const veths: Veth[] = [];
  for (const bridge of bridges) veths.push(...(await links.vethsOn(bridge)));
  const unclaimed = veths.filter(({name}) => !hostInterfaces.has(name));
  if (unclaimed.length === 0) return [];

  const namesOfId = namesByValue(await links.netnsIds());
  const isOrphaned = (name: string): boolean => {
    const path = `${netns.path}/${name}`;
    // Never touch the netns of other programs, even when their links are on our bridge.
    return keyOfNetnsPath(netns.path, path) !== undefined && !recordOfNetns(records, netns.path, path);
  };
  // An attached pod whose netns has lost its name would look orphaned. A pending cleanup has no netns.
  const isEachNamed = [...records.all()].every(
    (record) => record.state === 'pending' || netns.exists(record.netns) || isUndone(record),
  );
  const isLinkOrphaned = ({peer}: Veth): boolean => {
    switch (peer.kind) {
      case 'node':
        return true;
      case 'netns': {
        const names = namesOfId.get(peer.id) ?? [];
        return names.length === 0 ? isEachNamed : names.every(isOrphaned);
      }
      case 'unknown':
        return false;
    }
  };
  return unclaimed.filter(isLinkOrphaned);
};

/** Returns orphaned links that lead into a netns, in which a pod may run. */
export const strayLinks = async (
  parts: OrphanedLinkParts,
  bridges: Iterable<string>,
): Promise<readonly Veth[]> => {
  const links = await findOrphanedLinks(parts, claimsOf(parts.records), bridges);
  return links.filter(({peer}) => peer.kind === 'netns');
};

const namesByValue = (ids: ReadonlyMap<string, number>): Map<number, string[]> => {
  const names = new Map<number, string[]>();
  for (const [name, id] of ids) names.set(id, [...(names.get(id) ?? []), name]);
  return names;
};
