/** Cleans up one record: DEL of its attachments, and what happens when DEL keeps failing. */
import {parseConflist} from '../cni/conflist.ts';
import {PluginFailed} from '../cni/errors.ts';
import {startFirst} from '../cni/network.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import {delAll, type FailedDeletion} from './attachments.ts';
import {currentConfigOf, withCurrentConfig} from './current-config.ts';
import type {CleanupParts} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {type PodNetworkRecord, startedAttachments, undoneStateOf} from './record.ts';

/** Attachments without a started ADD need no DEL, and their plugins may be missing. */
export const attachmentsToUndo = ({state, attachments}: PodNetworkRecord) =>
  state === 'attaching' ? startedAttachments(attachments) : attachments;

/**
 * Calls DEL for all attachments, within `limitMs` in total. Attachments whose DEL failed stay in the record for a retry; then throws the
 * first error. Continues if the disk cannot be written. The process of the first plugin starts at once, but its DEL begins only after
 * `intent`, which never rejects.
 */
export const undoAttachments = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs = Number.POSITIVE_INFINITY,
  intent?: Promise<void>,
): Promise<PodNetworkRecord> => {
  const {records, netns, invoke, networks, uptime, cleanups} = parts;
  const sandbox = record.sandbox ?? ''; // present in every record with attachments
  const target = {sandbox, netns: netns.exists(record.netns) ? record.netns : ''};
  const attachments = attachmentsToUndo(record).map((each) =>
    withCurrentConfig(each, currentConfigOf(networks, each, record.pod)),
  );
  const end = uptime() + limitMs;
  const last = attachments.at(-1);
  const first = intent && last && startFirst(invoke, 'DEL', last, target);
  await intent;
  const failures = await delAll(invoke, attachments, target, () => end - uptime(), first);
  if (failures.length > 0) throw await recordFailures(parts, record, failures);
  crashPoint('detach: before result');
  const {failed: _failed, pending: _pending, ...rest} = record;
  const undone: PodNetworkRecord = {...rest, state: undoneStateOf(record), attachments: []};
  await records.force(undone);
  cleanups.ended(record.key);
  crashPoint('detach: result written');
  return undone;
};

/** Keeps the failed attachments in the record. Returns the error to report. */
const recordFailures = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  failures: readonly FailedDeletion[],
): Promise<unknown> => {
  const {records, cleanups} = parts;
  // A plugin that ran out of time before its turn does not explain the failure.
  const first = failures.find(({error}) => !isOutOfTime(error)) ?? failures[0];
  if (!first) return undefined;
  const cause = `network ${first.attachment.network}: ${errorText(first.error)}`;
  cleanups.failed(record.key, {
    kind: record.state === 'pending' ? 'pending' : 'detaching',
    cause,
    inputs: inputsReader(parts)(record),
  });
  const failed = new Set(failures.map(({attachment}) => attachment.ifName));
  const remaining = record.attachments.filter(({ifName}) => failed.has(ifName));
  if (remaining.length < record.attachments.length || record.failed === undefined)
    await records.force({...record, attachments: remaining, failed: record.failed ?? cause});
  return first.error;
};

const isOutOfTime = (error: unknown): boolean => error instanceof PluginFailed && error.trouble === 'no-time';

/**
 * Returns a function that identifies the inputs of a record's DEL: a corrected configuration or a replaced plugin changes
 * them. Each configuration is read once, since many records may wait for the same one.
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

/** Retries a cleanup once. Hold the pod's lock. Throws the error of DEL. `intent` is that of `undoAttachments`. */
export const retryCleanup = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs?: number,
  intent?: Promise<void>,
): Promise<void> => {
  const {records, netns, log} = parts;
  if (record.state !== 'pending') {
    await undoAttachments(parts, record, limitMs, intent);
    return;
  }
  await netns.remove(record.netns); // a crash may have come before its removal
  await undoAttachments(parts, record, limitMs);
  await records.drop(record.key);
  log.info('pending cleanup is done', fieldsOfNetwork(record));
};

/** Like `retryCleanup`, but makes the record pending when its DEL has failed for too long. */
export const retryOrGiveUp = async (
  parts: CleanupParts,
  record: PodNetworkRecord,
  limitMs?: number,
  intent?: Promise<void>,
): Promise<void> => {
  try {
    await retryCleanup(parts, record, limitMs, intent);
  } catch (error) {
    if (record.state === 'pending' || !parts.cleanups.isOverdue(record.key)) throw error;
    await giveUp(parts, parts.records.get(record.key) ?? record);
  }
};

/** The sandbox may go, and DEL is retried less often. */
const giveUp = async (
  {records, netns, log, now, cleanups}: CleanupParts,
  record: PodNetworkRecord,
): Promise<void> => {
  const fields = fieldsOfNetwork(record);
  const cause = cleanups.causeOf(record.key) ?? '';
  await records.force({...record, state: 'pending', pending: {since: now(), cause}});
  log.warn('cleanup is pending: DEL keeps failing', {...fields, error: cause});
  await netns.remove(record.netns).catch((error: unknown) => {
    log.warn('cannot remove the netns of a pending cleanup, will retry', {
      ...fields,
      error: errorText(error),
    });
  });
};
