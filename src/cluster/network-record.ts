/** Which network the pods of a cluster get: a file in the state directory, written before the nodes are changed. */

import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {readIfExists, replaceFile} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {readJson} from '../json.ts';
import {type Network, network} from '../networks/network.ts';
import {messageOf} from '../thrown.ts';
import {recreateHint} from './cluster.ts';

const networkRecord = z.object({
  version: z.literal(1),
  /** Undefined is the network of kni-demo itself. */
  network: network.optional(),
  /** While the nodes are switched: networks that they had before, which must be removed from them. */
  former: z.array(network),
  /** While the nodes are switched: those that have `network` and nothing of the former ones. Earlier versions did not record it. */
  switched: z.array(z.string()).optional(),
  /** Whether all nodes have the network, and nothing is left of the former one. */
  isComplete: z.boolean(),
});
export type NetworkRecord = Readonly<z.infer<typeof networkRecord>>;

const ownOnly: NetworkRecord = {version: 1, former: [], isComplete: true};

const fileOf = ({state}: Pick<Dirs, 'state'>, cluster: string): string =>
  join(state, 'clusters', cluster, 'network.json');

/** A cluster without the file has the network of kni-demo. Throws UserError if it cannot be read. */
export const readNetwork = async (dirs: Pick<Dirs, 'state'>, cluster: string): Promise<NetworkRecord> => {
  const file = fileOf(dirs, cluster);
  try {
    const text = await readIfExists(file);
    return text === undefined ? ownOnly : readJson(networkRecord, text, file);
  } catch (error) {
    throw new UserError(
      {
        what: `cannot read the network of cluster ${cluster}`,
        why: messageOf(error),
        tryThis: recreateHint(cluster),
        code: 'KNI-E114',
      },
      {cause: error},
    );
  }
};

/**
 * The network that the user chose. Undefined for the network of kni-demo, while nodes are switched, and for an unreadable record, which
 * `summarizeChanges` reports.
 */
export const chosenNetwork = async (
  dirs: Pick<Dirs, 'state'>,
  cluster: string,
): Promise<Network | undefined> => {
  try {
    const {isComplete, network: chosen} = await readNetwork(dirs, cluster);
    return isComplete ? chosen : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
};

export const writeNetwork = async (
  dirs: Pick<Dirs, 'state'>,
  cluster: string,
  record: Omit<NetworkRecord, 'version'>,
): Promise<void> => {
  const file = fileOf(dirs, cluster);
  const isDefault = record.isComplete && record.network === undefined;
  if (isDefault) await rm(file, {force: true});
  else await replaceFile(file, `${JSON.stringify({version: 1, ...record})}\n`);
};
