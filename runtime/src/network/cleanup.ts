/** Undoes attachments: DEL with what ADD was given, and what happens when DEL keeps failing. */

import {parseConflist} from '../cni/conflist.ts';
import {PluginFailed} from '../cni/errors.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import {delAll, type FailedDeletion} from './attachments.ts';
import {currentConfigOf, withCurrentConfig} from './current-config.ts';
import type {CleanupParts} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {type PodNetworkRecord, startedAttachments} from './record.ts';

/** What is to be undone of a record: networks whose ADD has not startedAttachments have nothing, and their plugins may be missing. */
export const attachmentsToUndo = ({state, attachments}: PodNetworkRecord) =>
  state === 'attaching' ? startedAttachments(attachments) : attachments;

/**
 * DEL of all attachments within `limitMs` together. What fails stays in the record, to be retried, and the first error is
 * thrown. Goes on whatever the disk does.
 */
export const undoAttachments = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  state: 'created' | 'detached',
  limitMs = Number.POSITIVE_INFINITY,
): Promise<PodNetworkRecord> => {
  const {records, netns, invoke, networks, uptime, cleanups} = parts;
  const sandbox = record.sandbox ?? ''; // always there once something is attached
  const present = netns.exists(record.netns);
  const target = {sandbox, netns: present ? record.netns : ''};
  const attachments = attachmentsToUndo(record).map((each) =>
    withCurrentConfig(each, currentConfigOf(networks, each, record.pod)),
  );
  const end = uptime() + limitMs;
  const failures = await delAll(invoke, attachments, target, () => end - uptime());
  // An innocent plugin whose turn never came does not say what is wrong.
  const first = failures.find(({error}) => !isOutOfTime(error)) ?? failures[0];
  if (first) {
    cleanups.failed(record.key, {
      kind: record.state === 'pending' ? 'pending' : 'detaching',
      cause: causeOf(first),
      inputs: inputsReader(parts)(record),
    });
    const failed = new Set(failures.map(({attachment}) => attachment.ifName));
    const remaining = record.attachments.filter(({ifName}) => failed.has(ifName));
    if (remaining.length < record.attachments.length || record.failed === undefined)
      await records.force({...record, attachments: remaining, failed: record.failed ?? causeOf(first)});
    throw first.error;
  }
  crashPoint('detach: before result');
  const {failed: _failed, pending: _pending, ...rest} = record;
  const undone: PodNetworkRecord = {...rest, state, attachments: []};
  await records.force(undone);
  cleanups.ended(record.key);
  crashPoint('detach: result written');
  return undone;
};

const isOutOfTime = (error: unknown): boolean => error instanceof PluginFailed && error.trouble === 'no-time';

const causeOf = ({attachment, error}: FailedDeletion): string =>
  `network ${attachment.network}: ${errorText(error)}`;

/**
 * Identifies what the DEL of a record depends on, so that a corrected configuration or a replaced plugin is noticed. A reader
 * looks at each configuration once: many records may wait for the same one.
 */
export const inputsReader = (parts: CleanupParts): ((record: PodNetworkRecord) => string) => {
  const {networks, filesOf} = parts;
  const known = new Map<string, string>();
  return (record) =>
    attachmentsToUndo(record)
      .map((each) => {
        const {config, selected} = each;
        const key = JSON.stringify([config, selected, selected && record.pod.namespace]);
        const inputs =
          known.get(key) ??
          JSON.stringify([currentConfigOf(networks, each, record.pod)?.text, filesOf(parseConflist(config))]);
        known.set(key, inputs);
        return inputs;
      })
      .join('\n');
};

/** For a cleanup that has failed for too long: its sandbox may go, and DEL is retried less often. */
export const giveUp = async (
  {records, netns, log, now, cleanups}: CleanupParts,
  record: PodNetworkRecord,
): Promise<void> => {
  const cause = cleanups.causeOf(record.key) ?? '';
  await records.force({...record, state: 'pending', pending: {since: now(), cause}});
  log.warn('cleanup is pending: DEL keeps failing', {...fieldsOfNetwork(record), error: cause});
  await netns.remove(record.netns).catch((error: unknown) => {
    log.warn('cannot remove the netns of a pending cleanup yet', {
      ...fieldsOfNetwork(record),
      error: errorText(error),
    });
  });
};

/** Drops the record when DEL succeeds; throws the error of DEL otherwise. */
export const retryPending = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs?: number,
): Promise<void> => {
  const {records, netns, log} = parts;
  await netns.remove(record.netns); // a crash may have come before
  await undoAttachments(parts, record, 'detached', limitMs);
  await records.drop(record.key);
  log.info('pending cleanup is done', fieldsOfNetwork(record));
};
