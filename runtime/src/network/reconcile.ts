/** Reconciles on demand, while pods are served: what has lost its owner, whoever took it away, is cleared away. */
import {type Conflist, parseConflist} from '../cni/conflist.ts';
import {collectGarbage, hasGarbageCollection} from '../cni/network.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {Busy, type Gate} from '../lib/gate.ts';
import {errorText} from '../log.ts';
import type {Networks} from './attachments.ts';
import {bridgesOf, ownBridgesOf} from './bridges.ts';
import {type Claims, claimsOf} from './claims.ts';
import type {CleanupParts, Parts, ReconcileResult} from './lifecycle.ts';
import {findOrphanedLinks} from './orphaned-links.ts';
import {findOrphanedLeases, type NetworksOfOthers, releaseLeases, removeOrphanedNetns} from './orphans.ts';
import {findOrphanedChains, hasPortmap} from './portmap-chains.ts';
import {unfinishedRecords} from './unfinished-cleanups.ts';

/** A quiet moment is waited for this long, with the gate open. */
const patienceMs = 5_000;
/** Of one network. Calls wait meanwhile, and a kubelet gives a network 10 s to be created. */
const garbageCollectionMs = 5_000;

type Problem = (error: unknown) => void;
type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * What is found without an owner may get one while it is looked at. So addresses and chains are looked for again at a
 * quiet moment and removed then; netns and links say for themselves why they need none. GC is exclusive by
 * the CNI spec, network by network, so that calls get their turn in between.
 */
export const createReconcile = (
  parts: CleanupParts,
  gate: Gate,
  dropGone: (key: string) => Promise<boolean>,
): (() => Promise<ReconcileResult>) => {
  const exclusively: Exclusively = (work) => gate.exclusive(work, patienceMs);
  return async () => {
    const {records, log, inDoubt} = parts;
    const problems: string[] = [];
    const problem: Problem = (error) => {
      problems.push(errorText(error));
      log.warn('not all could be reconciled', {error: errorText(error)});
    };
    // DEL first: GC is no substitute for it (CNI spec, section 2, "GC").
    const undone: string[] = [];
    const dropOne = async (key: string) => {
      if (await dropGone(key)) undone.push(key);
    };
    const present = new Set(await parts.netns.mounted());
    const gone = [...records.all()].filter(({netns}) => !present.has(netns));
    await Promise.all(gone.map(({key}) => dropOne(key).catch(problem)));
    const failed = unfinishedRecords(parts).length;
    if (failed > 0) problems.push(`failed cleanups: ${failed}, see "kni-runtime pending"`);
    const nothing = {removedNetns: [], releasedAddresses: [], removedLinks: [], removedChains: []};
    if (await inDoubt()) {
      problems.push(
        'records may be lost: nothing without a record is removed until `kni-runtime accept-loss --yes`',
      );
      return {...nothing, undone, problems};
    }
    const removedNetns = await removeOrphanedNetns(parts);
    const claims = claimsOf(records);
    let lists: readonly Conflist[] = [];
    try {
      lists = listsInUse(parts, claims);
    } catch (error) {
      problem(error);
    }
    const ofOthers = await parts.networksOfOthers().catch(orProblem(problem, {has: () => true}));
    const shared = lists.filter(({name}) => ofOthers.has(name));
    const own = lists.filter((list) => !shared.includes(list));
    for (const {name} of shared)
      log.info('left a network alone that another container runtime uses', {network: name});
    const removedLinks = await removeLinks(parts, claims, {own, shared}, problem);
    const releasedAddresses = await releaseAddresses(parts, ofOthers, exclusively);
    const removedChains = await removeChains(parts, own, exclusively).catch(orProblem(problem, []));
    crashPoint('reconcile: before garbage collection');
    for (const list of own.filter(hasGarbageCollection)) await collect(parts, list, exclusively, problem);
    return {removedNetns, releasedAddresses, removedLinks, removedChains, undone, problems};
  };
};

/** Busy puts all of it off, for which the caller has to know of it. */
const orProblem =
  <T>(problem: Problem, otherwise: T) =>
  (error: unknown): T => {
    if (error instanceof Busy) throw error;
    problem(error);
    return otherwise;
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
  parts: Parts,
  claims: Claims,
  {own, shared}: {readonly own: readonly Conflist[]; readonly shared: readonly Conflist[]},
  problem: Problem,
): Promise<string[]> => {
  const {links, ipamDir, log} = parts;
  const bridges = new Set(own.flatMap((list) => ownBridgesOf(list, ipamDir)));
  for (const bridge of shared.flatMap(bridgesOf)) bridges.delete(bridge);
  const removed: string[] = [];
  for (const {name} of await findOrphanedLinks(parts, claims, bridges).catch(orProblem(problem, [])))
    await links.remove(name).then(() => {
      removed.push(name);
      log.info('removed an interface without record', {interface: name});
    }, problem);
  return removed;
};

const releaseAddresses = async (
  parts: Parts,
  ofOthers: NetworksOfOthers,
  exclusively: Exclusively,
): Promise<string[]> => {
  const find = () => findOrphanedLeases(parts, ofOthers);
  if ((await find()).length === 0) return [];
  return await exclusively(async () => await releaseLeases(await find(), parts.log));
};

const removeChains = async (
  {portmapChains, records, log}: Parts,
  lists: readonly Conflist[],
  exclusively: Exclusively,
): Promise<string[]> => {
  const networks = new Set(lists.filter(hasPortmap).map(({name}) => name));
  if (networks.size === 0) return [];
  const find = async () => findOrphanedChains(await portmapChains.list(), records, networks);
  if ((await find()).length === 0) return [];
  return await exclusively(async () => {
    const chains = await find();
    await portmapChains.remove(chains);
    for (const {name, owner} of chains)
      log.info('removed host ports without record', {chain: name, ...owner});
    return [...new Set(chains.map(({name}) => name))];
  });
};

/** Valid is all that has a record with something attached. */
const collect = async (
  {invoke, uptime, records}: Parts,
  list: Conflist,
  exclusively: Exclusively,
  problem: Problem,
): Promise<void> => {
  const failures = await exclusively(async () => {
    const end = uptime() + garbageCollectionMs;
    const {attached} = claimsOf(records);
    return await collectGarbage(invoke, list, attached.get(list.name) ?? [], () => end - uptime());
  });
  for (const failure of failures) problem(failure);
};
