/** Reconciles records and node, at start and on demand, while pods are served: removes orphans. */
import type {Conflist} from '../cni/conflist.ts';
import {collectGarbage, hasGarbageCollection} from '../cni/network.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {Busy, type Gate} from '../lib/gate.ts';
import {errorText} from '../log.ts';
import {type Claims, claimsOf} from './claims.ts';
import type {CleanupParts, Parts, ReconcileResult} from './lifecycle.ts';
import {type NetworksInUse, networksInUse, ownBridgesIn} from './networks-in-use.ts';
import {findOrphanedLinks} from './orphaned-links.ts';
import {findOrphanedLeases, type NetworksOfOthers, releaseLeases, removeOrphanedNetns} from './orphans.ts';
import {findOrphanedChains, portmapNetworksOf} from './portmap-chains.ts';
import {unfinishedRecords} from './unfinished-cleanups.ts';

/** How long reconcile waits for a moment without calls in progress. Calls are served meanwhile. */
const patienceMs = 5_000;
/** Time limit for one network's GC. Calls wait meanwhile, and a kubelet waits 10 s for CreateNetwork. */
const garbageCollectionMs = 5_000;

type Report = (error: unknown) => void;
type Exclusively = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A call in progress may use an address or a chain that looks orphaned. So these are searched again, and removed, while no call is
 * in progress. The functions for netns and links say why they do not need that. The CNI spec makes GC exclusive; it runs network by
 * network, so that calls are served in between.
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
    const ofOthers = await parts.networksOfOthers().catch(orReport(report, {has: () => true}));
    let used: NetworksInUse = {own: [], shared: []};
    try {
      used = networksInUse(parts.networks, claims, ofOthers);
    } catch (error) {
      report(error);
    }
    const {own, shared} = used;
    for (const {name} of shared)
      log.info('skipping a network that another container runtime uses', {network: name});
    const removedLinks = await removeLinks(parts, claims, used, report);
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

const removeLinks = async (
  parts: Parts,
  claims: Claims,
  used: NetworksInUse,
  report: Report,
): Promise<string[]> => {
  const {links, ipamDir, log} = parts;
  const removed: string[] = [];
  const found = findOrphanedLinks(parts, claims, ownBridgesIn(used, ipamDir));
  for (const {name} of await found.catch(orReport(report, [])))
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
  const networks = portmapNetworksOf(lists);
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
