/** Removes a sandbox's traces from the node when DEL cannot succeed. */
import type {Attachment} from '../cni/attachment.ts';
import {type Conflist, parseConflist} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf, listLeases} from '../cni/leases.ts';
import {hostInterfacesOf} from '../cni/result.ts';
import {errorText, type Log} from '../log.ts';
import {bridgesOf} from './bridges.ts';
import type {NodeLinks} from './orphaned-links.ts';
import {releaseLeases} from './orphans.ts';
import {chainNamesOf, type PortmapChains} from './portmap-chains.ts';
import type {RecordIndex} from './record-index.ts';

export interface TraceParts {
  readonly links: NodeLinks;
  readonly portmapChains: PortmapChains;
  /** `dataDir` of host-local. */
  readonly ipamDir: string;
  readonly records: RecordIndex;
  readonly log: Log;
}

export interface RemovedTraces {
  readonly addresses: readonly string[];
  /** Host ends of veth pairs. */
  readonly links: readonly string[];
  /** iptables chains of the portmap plugin. */
  readonly chains: readonly string[];
  /** Errors, as text. */
  readonly problems: readonly string[];
}

/**
 * Removes the sandbox's host-local leases, host ports and veths on bridges. State of other plugins stays on the node. Hold the
 * pod's lock: the sandbox must not be attached or detached meanwhile.
 */
export const removeTracesOf = async (
  sandbox: string,
  attachments: readonly Attachment[],
  parts: TraceParts,
): Promise<RemovedTraces> => {
  const problems: string[] = [];
  const attempt = (work: Promise<string[]>): Promise<string[]> =>
    work.catch((error: unknown) => {
      problems.push(errorText(error));
      return [];
    });
  // A lease whose file was never written has an empty id, too.
  if (sandbox === '') return {addresses: [], links: [], chains: [], problems};
  const links = await attempt(removeLinks(sandbox, attachments, parts));
  const chains = await attempt(removeChains(sandbox, attachments, parts));
  // Last: the next pod may get a released address at once.
  const addresses = await attempt(releaseAddresses(sandbox, attachments, parts));
  return {addresses, links, chains, problems};
};

const releaseAddresses = async (
  sandbox: string,
  attachments: readonly Attachment[],
  {ipamDir, log}: TraceParts,
): Promise<string[]> => {
  const dirs = new Set([ipamDir]);
  for (const plugin of listsOf(attachments).flatMap(({plugins}) => plugins)) {
    const ipam = hostLocalOf(plugin);
    if (ipam) dirs.add(leaseDirOf(ipam));
  }
  const released: string[] = [];
  for (const dir of dirs) {
    const leases = (await listLeases(dir)).filter((lease) => lease.sandbox === sandbox);
    released.push(...(await releaseLeases(leases, log)));
  }
  return released;
};

/** Finds them by the names in the results. Without results, only removing the netns removes them. */
const removeLinks = async (
  sandbox: string,
  attachments: readonly Attachment[],
  {links, records}: TraceParts,
): Promise<string[]> => {
  const names = new Set(attachments.flatMap(hostInterfacesOf));
  for (const record of records.all())
    if (record.sandbox !== sandbox)
      for (const name of record.attachments.flatMap(hostInterfacesOf)) names.delete(name);
  const removed: string[] = [];
  for (const bridge of new Set(listsOf(attachments).flatMap(bridgesOf)))
    for (const {name} of await links.vethsOn(bridge)) {
      if (!names.has(name)) continue;
      await links.remove(name);
      removed.push(name);
    }
  return removed;
};

const removeChains = async (
  sandbox: string,
  attachments: readonly Attachment[],
  {portmapChains}: TraceParts,
): Promise<string[]> => {
  const names = new Set(attachments.flatMap(({network}) => chainNamesOf({network, sandbox})));
  const chains = (await portmapChains.list()).filter(({name}) => names.has(name));
  if (chains.length > 0) await portmapChains.remove(chains);
  return [...new Set(chains.map(({name}) => name))];
};

/** Skips invalid configurations: an older version may have accepted them. */
const listsOf = (attachments: readonly Attachment[]): Conflist[] =>
  attachments.flatMap(({config}) => {
    try {
      return [parseConflist(config)];
    } catch {
      return [];
    }
  });
