/** Reads the address leases of host-local: one file per address, with the sandbox and interface that hold it. */
import {readFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {isIP} from 'node:net';
import {join} from 'node:path';
import {type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import {namesIn} from '../lib/names-in.ts';
import {slices} from '../lib/slices.ts';
import type {PluginConfig} from './conflist.ts';

export interface Lease {
  readonly path: string;
  readonly network: string;
  readonly ip: string;
  /** Empty when the plugin was killed between creating and writing the file. */
  readonly sandbox: string;
}

/** The host-local configuration of a plugin; undefined if it uses another IPAM plugin or none. */
export const hostLocalOf = ({ipamType, members}: PluginConfig): JsonObject | undefined =>
  ipamType === 'host-local' ? objectOf(JSON.parse(members.get('ipam') ?? '{}')) : undefined;

/** Where host-local keeps its leases, in one directory per network. */
export const leaseDirOf = ({dataDir}: JsonObject): string => stringOf(dataDir) || '/var/lib/cni/networks';

/** The leases of all networks in host-local's `dataDir`. */
export const listLeases = async (dataDir: string): Promise<Lease[]> => {
  const leases: Lease[] = [];
  for (const network of await namesIn(dataDir)) {
    for await (const some of slices(await namesIn(join(dataDir, network))))
      for (const ip of some) {
        if (isIP(ip) === 0) continue; // `lock`, `last_reserved_ip.0`
        const path = join(dataDir, network, ip);
        const text = textIn(path);
        if (text === undefined) continue; // removed meanwhile or unreadable
        leases.push({path, network, ip, sandbox: sandboxIn(text)});
      }
  }
  return leases;
};

/** Returns false if the lease was released meanwhile or now belongs to another sandbox. */
export const releaseLease = async ({path, sandbox}: Lease): Promise<boolean> => {
  const text = textIn(path);
  if (text === undefined || sandboxIn(text) !== sandbox) return false;
  await rm(path);
  return true;
};

const sandboxIn = (text: string): string => text.trim().split(/\s+/)[0] ?? '';

/** Synchronous: with thousands of leases, promises take ten times as long. */
const textIn = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
