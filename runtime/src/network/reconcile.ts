/** Reconciles on demand, while pods are served: what has lost its owner, whoever took it away, is cleared away. */
import {type Conflist, parseConflist} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';
import {collectGarbage} from '../cni/network.ts';
import {crashPoint} from '../crash-point.ts';
import type {Gate} from '../gate.ts';
import {textOf} from '../log.ts';
import type {Networks} from './attachments.ts';
import {type Claims, claimsOf} from './claims.ts';
import {releaseOwnerless, removeOwnerless} from './ownerless.ts';
import type {Parts} from './pod-networks.ts';

export interface Reconciled {
  /** Paths of netns without a record. */
  readonly removedNetns: readonly string[];
  /** Addresses leased to no sandbox. */
  readonly releasedAddresses: readonly string[];
  /** Host ends of veth pairs without a record. */
  readonly removedLinks: readonly string[];
  /** Keys of networks whose netns was gone. */
  readonly undone: readonly string[];
  /** What could not be done, in words. */
  readonly problems: readonly string[];
}

/** The node's own interfaces. */
export interface NodeLinks {
  /** Names of the host ends of veth pairs that the bridge plugin may have put on this bridge. */
  readonly vethsOn: (bridge: string) => Promise<readonly string[]>;
  readonly remove: (name: string) => Promise<void>;
}

/** Pods that come meanwhile wait, and a kubelet gives a network 10 s to be created. */
const patienceMs = 5_000;
const garbageCollectionMs = 5_000;

type Problem = (error: unknown) => void;

export const createReconcile =
  (parts: Parts, gate: Gate, dropGone: (key: string) => Promise<boolean>) =>
  async (): Promise<Reconciled> => {
    const {records, log, inDoubt} = parts;
    const problems: string[] = [];
    const problem: Problem = (error) => {
      problems.push(textOf(error));
      log.warn('not all could be reconciled', {error: textOf(error)});
    };
    // DEL first: GC is no substitute for it (CNI spec, section 2, "GC").
    const undone: string[] = [];
    const dropOne = async (key: string) => {
      if (await dropGone(key)) undone.push(key);
    };
    const present = new Set(await parts.netns.mounted());
    const gone = [...records.all()].filter(({netns}) => !present.has(netns));
    await Promise.all(gone.map(({key}) => dropOne(key).catch(problem)));
    if (await inDoubt()) {
      problems.push('some of the state cannot be read: what it may stand for is left alone');
      return {removedNetns: [], releasedAddresses: [], removedLinks: [], undone, problems};
    }
    const clearAway = async (): Promise<Reconciled> => {
      const removedNetns = await removeOwnerless(parts);
      const claims = await claimsOf(records);
      const releasedAddresses = await releaseOwnerless(parts, claims);
      let lists: readonly Conflist[] = [];
      try {
        lists = listsInUse(parts, claims);
      } catch (error) {
        problem(error);
      }
      const removedLinks = await removeLinks(parts, claims, lists, problem);
      crashPoint('reconcile: before garbage collection');
      await collect(parts, claims, lists, problem);
      return {removedNetns, releasedAddresses, removedLinks, undone, problems};
    };
    return await gate.exclusive(clearAway, patienceMs);
  };

/** The node's network, and those that pods are attached to. */
const listsInUse = ({networks}: Parts, {configs}: Claims): Conflist[] => {
  const texts = new Set(configs);
  const primary = primaryOf(networks);
  if (primary) texts.add(primary.text);
  return [...texts].map((text) => parseConflist(text));
};

const primaryOf = ({primary}: Networks): Conflist | undefined => {
  try {
    return primary();
  } catch {
    return undefined; // the node may have none yet
  }
};

const removeLinks = async (
  {links, ipamDir, log}: Parts,
  {hostInterfaces}: Claims,
  lists: readonly Conflist[],
  problem: Problem,
): Promise<string[]> => {
  const bridges = new Set(lists.flatMap((list) => ownBridgesOf(list, ipamDir)));
  const removed: string[] = [];
  for (const bridge of bridges) {
    const veths = await links.vethsOn(bridge).catch((error: unknown) => {
      problem(error);
      return [];
    });
    for (const veth of veths.filter((each) => !hostInterfaces.has(each))) {
      await links.remove(veth).then(() => {
        removed.push(veth);
        log.info('removed an interface without record', {interface: veth});
      }, problem);
    }
  }
  return removed;
};

/** Those whose addresses are kept with us: a bridge that is shared with others has interfaces that we know nothing of. */
const ownBridgesOf = ({plugins}: Conflist, ipamDir: string): string[] =>
  plugins.flatMap((plugin) => {
    const bridge = plugin.type === 'bridge' ? plugin.members.get('bridge') : undefined;
    const ipam = hostLocalOf(plugin);
    return bridge && ipam && leaseDirOf(ipam) === ipamDir ? [String(JSON.parse(bridge))] : [];
  });

/** Valid is all that has a record with something attached. */
const collect = async (
  {invoke, uptime}: Parts,
  {attached}: Claims,
  lists: readonly Conflist[],
  problem: Problem,
): Promise<void> => {
  const end = uptime() + garbageCollectionMs;
  for (const list of lists) {
    const valid = attached.get(list.name) ?? [];
    for (const error of await collectGarbage(invoke, list, valid, () => end - uptime())) problem(error);
  }
};
