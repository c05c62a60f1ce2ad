/** The record of temporary changes: one file per cluster in the state directory. `down` deletes it with the cluster's directory. */

import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {readIfExists, replaceFile} from '../cache/files.ts';
import {currentHolder} from '../cache/lock-file.ts';
import {nameFlag, recreateHint} from '../cluster/cluster.ts';
import {readNetwork} from '../cluster/network-record.ts';
import {UserError} from '../errors.ts';
import {readJson} from '../json.ts';
import {ownNetwork} from '../networks/network.ts';
import {messageOf} from '../thrown.ts';
import {change, describeChange} from './change.ts';

const changeRecord = z.object({
  version: z.literal(1),
  /** The command that made the changes: `kni-demo compare`. */
  command: z.string(),
  /** Of the process that made them. Another process may have the same number later. */
  pid: z.number(),
  /** ISO 8601. */
  since: z.string(),
  /** Oldest first. */
  changes: z.array(change).min(1),
});
export type ChangeRecord = z.infer<typeof changeRecord>;

const fileOf = ({state}: Pick<Dirs, 'state'>, cluster: string): string =>
  join(state, 'clusters', cluster, 'changes.json');

/** Undefined if the cluster has no temporary changes. Throws UserError if the record cannot be read. */
export const readChanges = async (
  dirs: Pick<Dirs, 'state'>,
  cluster: string,
): Promise<ChangeRecord | undefined> => {
  const file = fileOf(dirs, cluster);
  try {
    const text = await readIfExists(file);
    return text === undefined ? undefined : readJson(changeRecord, text, file);
  } catch (error) {
    throw new UserError(
      {
        what: `cannot read the temporary changes of cluster ${cluster}`,
        why: messageOf(error),
        tryThis: `restore the nodes yourself and remove this file, or ${recreateHint(cluster)}`,
        code: 'KNI-E115',
      },
      {cause: error},
    );
  }
};

/** Replaces the record atomically; removes it if no change is left. */
export const writeChanges = async (
  dirs: Pick<Dirs, 'state'>,
  cluster: string,
  record: ChangeRecord,
): Promise<void> => {
  const file = fileOf(dirs, cluster);
  if (record.changes.length === 0) await rm(file, {force: true});
  else await replaceFile(file, `${JSON.stringify(record)}\n`);
};

/** Whether the process that made the changes still works on them. It holds the lock. */
export const isAtWork = (dirs: Dirs, {command, pid}: ChangeRecord): boolean => {
  const holder = currentHolder(dirs);
  return holder !== undefined && holder.pid === pid && holder.command === command;
};

export interface ChangesSummary {
  /** A sentence for people. It lists the first changes, and counts the others. */
  readonly what: string;
  /** How to restore the cluster; undefined while the command is running. */
  readonly tryThis?: string;
}

export const summarizeRecord = (dirs: Dirs, cluster: string, record: ChangeRecord): ChangesSummary => {
  const shown = 3;
  const {command, changes} = record;
  const more = changes.length > shown ? `, and ${changes.length - shown} more` : '';
  const list = `${changes.slice(0, shown).map(describeChange).join('; ')}${more}`;
  if (isAtWork(dirs, record)) return {what: `\`${command}\` is running: ${list}`};
  return {
    what: `an interrupted \`${command}\` left: ${list}`,
    tryThis: `restore it: kni-demo up${nameFlag(cluster)}`,
  };
};

/**
 * Summarizes the record on disk, or a switch of the network that is not complete; undefined if the cluster has neither. Also says
 * that a record cannot be read.
 */
export const summarizeChanges = async (dirs: Dirs, cluster: string): Promise<ChangesSummary | undefined> => {
  try {
    const record = await readChanges(dirs, cluster);
    return record === undefined
      ? await summarizeNetwork(dirs, cluster)
      : summarizeRecord(dirs, cluster, record);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {what: error.message, tryThis: error.tryThis};
  }
};

/** A switch of the network is not undone: the next `up` continues it. */
const summarizeNetwork = async (dirs: Dirs, cluster: string): Promise<ChangesSummary | undefined> => {
  const {isComplete, network} = await readNetwork(dirs, cluster);
  if (isComplete) return undefined;
  return {
    what: `the switch of the nodes to network ${network?.name ?? ownNetwork} is not complete`,
    // Another kni-demo may be continuing it now.
    ...(currentHolder(dirs) === undefined && {tryThis: `continue it: kni-demo up${nameFlag(cluster)}`}),
  };
};
