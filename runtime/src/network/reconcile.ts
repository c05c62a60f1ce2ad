/** Reconciles records and node, at start and on demand, while pods are served: removes orphans. */
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

/** Waits this long for a moment without calls in progress; calls are served meanwhile. */
const patienceMs = 5_000;
/** Time limit for one network's GC. Calls wait meanwhile, and a kubelet waits 10 s for CreateNetwork. */
const garbageCollectionMs = 5_000;

type Report = (error: unknown) => void;
type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A call in progress may claim something that looks orphaned. So addresses and chains are searched again, and removed, while no
 * call is in progress. The functions for netns and links say why they do not need that. The CNI spec makes GC exclusive; it
 * runs network by network, so that calls are served in between.
 */
export const createReconcile = (
  parts: CleanupParts,
  gate: Gate,
  dropIfGone: (key: string) => Promise<boolean>,
): (() => Promise<ReconcileResult>) => {
  const exclusively: Exclusively = (work) => gate.exclusive(work, patienceMs);
  return async () => {
    const {records, log, inDoubt} = parts;
    const problems: string[] = [];
    const report: Report = (error) => {
      problems.push(errorText(error));
      log.warn('reconcile failed in part', {error: errorText(error)});
    };
    // DEL first: GC does not replace it (CNI spec, section 2, "GC").
    const undone: string[] = [];
    const dropAndNote = async (key: string) => {
      if (await dropIfGone(key)) undone.push(key);
    };
    const present = new Set(await parts.netns.mounted());
    const gone = [...records.all()].filter(({netns}) => !present.has(netns));
    await Promise.all(gone.map(({key}) => dropAndNote(key).catch(report)));
    const failed = unfinishedRecords(parts).length;
    if (failed > 0) problems.push(`failed cleanups: ${failed}, see "kni-runtime pending"`);
    const nothing = {removedNetns: [], releasedAddresses: [], removedLinks: [], removedChains: []};
    if (await inDoubt()) {
      problems.push('records may be lost: orphans are kept until you run `kni-runtime accept-loss --yes`');
      return {...nothing, undone, problems};
    }
    const removedNetns = await removeOrphanedNetns(parts);
    const claims = claimsOf(records);
    let lists: readonly Conflist[] = [];
    try {
      lists = listsInUse(parts, claims);
    } catch (error) {
      report(error);
    }
    const ofOthers = await parts.networksOfOthers().catch(orReport(report, {has: () => true}));
    const shared = lists.filter(({name}) => ofOthers.has(name));
    const own = lists.filter((list) => !shared.includes(list));
    for (const {name} of shared)
      log.info('skipping a network that another container runtime uses', {network: name});
    const removedLinks = await removeLinks(parts, claims, {own, shared}, report);
    const releasedAddresses = await releaseAddresses(parts, ofOthers, exclusively);
    const removedChains = await removeChains(parts, own, exclusively).catch(orReport(report, []));
    crashPoint('reconcile: before garbage collection');
    for (const list of own.filter(hasGarbageCollection)) await collect(parts, list, exclusively, report);
    return {removedNetns, releasedAddresses, removedLinks, removedChains, undone, problems};
  };
};

/** Passes Busy on to the caller, who retries the whole reconcile. */
const orReport =
  <T>(report: Report, otherwise: T) =>
  (error: unknown): T => {
    if (error instanceof Busy) throw error;
    report(error);
    return otherwise;
  };

/** Configurations of the node's network and of the networks that pods are attached to. */
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
    return undefined; // the node may not have a network yet
  }
};

const removeLinks = async (
  parts: Parts,
  claims: Claims,
  {own, shared}: {readonly own: readonly Conflist[]; readonly shared: readonly Conflist[]},
  report: Report,
): Promise<string[]> => {
  const {links, ipamDir, log} = parts;
  const bridges = new Set(own.flatMap((list) => ownBridgesOf(list, ipamDir)));
  for (const bridge of shared.flatMap(bridgesOf)) bridges.delete(bridge);
  const removed: string[] = [];
  for (const {name} of await findOrphanedLinks(parts, claims, bridges).catch(orReport(report, [])))
    await links.remove(name).then(() => {
      removed.push(name);
      log.info('removed an orphaned interface', {interface: name});
    }, report);
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
      log.info('removed an orphaned portmap chain', {chain: name, ...owner});
    return [...new Set(chains.map(({name}) => name))];
  });
};

/** CNI GC. The attachments of all records are valid. */
const collect = async (
  {invoke, uptime, records}: Parts,
  list: Conflist,
  exclusively: Exclusively,
  report: Report,
): Promise<void> => {
  const failures = await exclusively(async () => {
    const end = uptime() + garbageCollectionMs;
    const {attached} = claimsOf(records);
    return await collectGarbage(invoke, list, attached.get(list.name) ?? [], () => end - uptime());
  });
  for (const failure of failures) report(failure);
};
