/** Looks for signs of running pods. With any, a missing journal means data loss rather than a new node. */
import {basename} from 'node:path';
import {readConfDir} from '../cni/conf-dir.ts';
import {namesIn} from '../lib/names-in.ts';
import {netnsMountedIn} from '../netns/netns-dir.ts';
import {ownBridgesOf} from '../network/bridges.ts';
import {bridgeName} from './conflist-of-node.ts';
import {pluginVeth} from './links.ts';

export interface PodPaths {
  readonly netnsDir: string;
  readonly confDir: string;
  readonly ipamDir: string;
}

/** Describes each sign; empty if no pod can be running. Ignores leases, which unlike pods survive a reboot. */
export const signsOfPods = async (paths: PodPaths): Promise<string[]> => {
  const netns = (await netnsMountedIn(paths.netnsDir)).map((path) => `netns ${basename(path)}`);
  const links: string[] = [];
  for (const bridge of bridgesOfNode(paths)) {
    const ports = await namesIn(`/sys/class/net/${bridge}/brif`);
    links.push(...ports.filter((name) => pluginVeth.test(name)).map((name) => `link ${name} on ${bridge}`));
  }
  return [...netns, ...links];
};

/** The bridges that only our pods use, as far as known without records. */
export const bridgesOfNode = ({confDir, ipamDir}: Omit<PodPaths, 'netnsDir'>): ReadonlySet<string> => {
  try {
    const list = readConfDir(confDir);
    return new Set([bridgeName, ...(list ? ownBridgesOf(list, ipamDir) : [])]);
  } catch {
    return new Set([bridgeName]);
  }
};
