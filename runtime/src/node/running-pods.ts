/** Looks for signs of pods that run on this node: with one, a missing journal is lost, and not that of a new node. */
import {basename} from 'node:path';
import {readConfDir} from '../cni/conf-dir.ts';
import {namesIn} from '../lib/names-in.ts';
import {netnsMountedIn} from '../netns/netns-dir.ts';
import {ownBridgesOf} from '../network/bridges.ts';
import {bridgeName} from './conflist-of-node.ts';
import {pluginVeth} from './links.ts';

export interface PodPlaces {
  readonly netnsDir: string;
  readonly confDir: string;
  readonly ipamDir: string;
}

/**
 * In words; none if no pod can be running. Address leases alone are no sign: they are on disk and outlive a reboot, which
 * no pod does.
 */
export const signsOfPods = async (places: PodPlaces): Promise<string[]> => {
  const netns = (await netnsMountedIn(places.netnsDir)).map((path) => `netns ${basename(path)}`);
  const links: string[] = [];
  for (const bridge of bridgesOfNode(places)) {
    const ports = await namesIn(`/sys/class/net/${bridge}/brif`);
    links.push(...ports.filter((name) => pluginVeth.test(name)).map((name) => `link ${name} on ${bridge}`));
  }
  return [...netns, ...links];
};

/** The bridges that only our own pods are on, as far as that is known without records. */
export const bridgesOfNode = ({confDir, ipamDir}: Omit<PodPlaces, 'netnsDir'>): ReadonlySet<string> => {
  try {
    const list = readConfDir(confDir);
    return new Set([bridgeName, ...(list ? ownBridgesOf(list, ipamDir) : [])]);
  } catch {
    return new Set([bridgeName]);
  }
};
