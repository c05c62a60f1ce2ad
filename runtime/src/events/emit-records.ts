/** Emits the addresses that records gain and lose, and cleanups that become pending. */
import type {Attachment} from '../cni/attachment.ts';
import {readResult} from '../cni/result.ts';
import type {CleanupRetries} from '../network/cleanup-retries.ts';
import type {PodNetworkRecord} from '../network/record.ts';
import type {Records} from '../network/records.ts';
import {type Emit, type EventFields, identityOf, shortError} from './event.ts';

export const emitRecords = (records: Records, emit: Emit): Records => {
  const changed = (before: PodNetworkRecord | undefined, after: PodNetworkRecord | undefined) => {
    if (before?.attachments !== after?.attachments) {
      const [had, has] = [attached(before), attached(after)];
      if (before) emitAddresses('address-released', before, had.filter(isMissingIn(has)), emit);
      if (after) emitAddresses('address-assigned', after, has.filter(isMissingIn(had)), emit);
    }
    if (after?.pending && !before?.pending)
      emit({kind: 'cleanup-pending', ...identityOf(after), error: shortError(after.pending.cause)});
  };
  return {
    ...records,
    put: async (record) => {
      const before = records.get(record.key);
      await records.put(record);
      changed(before, record);
    },
    force: async (record) => {
      const before = records.get(record.key);
      await records.force(record);
      changed(before, record);
    },
    drop: async (key) => {
      const before = records.get(key);
      await records.drop(key);
      changed(before, undefined);
    },
  };
};

const none: readonly Attachment[] = [];

const attached = (record: PodNetworkRecord | undefined): readonly Attachment[] =>
  record ? record.attachments.filter(({result}) => result !== undefined) : none;

const isMissingIn =
  (others: readonly Attachment[]) =>
  ({ifName}: Attachment): boolean =>
    !others.some((other) => other.ifName === ifName);

const emitAddresses = (
  kind: EventFields['kind'],
  record: PodNetworkRecord,
  attachments: readonly Attachment[],
  emit: Emit,
): void => {
  for (const attachment of attachments)
    for (const {name, addresses} of readResult(attachment, record.netns).interfaces)
      for (const {cidr} of addresses)
        emit({kind, ...identityOf(record), network: attachment.network, interface: name, address: cidr});
};

/** Emits each failure of a cleanup, and the end of a cleanup that has failed before. */
export const emitCleanups = (
  cleanups: CleanupRetries,
  records: Pick<Records, 'get'>,
  emit: Emit,
): CleanupRetries => {
  const failing = new Map<string, ReturnType<typeof identityOf>>();
  return {
    ...cleanups,
    failed: (key, failure) => {
      const record = records.get(key);
      const isRetry = failing.has(key) || record?.failed !== undefined;
      if (record) failing.set(key, identityOf(record));
      const kind = isRetry ? 'cleanup-retried' : 'cleanup-began';
      emit({kind, correlation: key, ...failing.get(key), error: shortError(failure.cause)});
      cleanups.failed(key, failure);
    },
    ended: (key) => {
      const identity = failing.get(key);
      if (failing.delete(key)) emit({kind: 'cleanup-ended', correlation: key, ...identity});
      cleanups.ended(key);
    },
  };
};
