/**
 * Limits the unfinished cleanups of each network. A network that has reached its limit refuses further pods. For networks that
 * pods select, attachments in progress count too, so that pods arriving together cannot exceed the limit: they wait for each
 * other.
 */
import type {Attachment} from '../cni/attachment.ts';
import {type Caller, timeForWaiting} from './caller.ts';
import {NetworkBusy, TooManyCleanups} from './errors.ts';
import type {CleanupParts} from './lifecycle.ts';
import type {PodRef} from './pod-ref.ts';
import {unfinishedRecords} from './unfinished-cleanups.ts';

export type Admission = <T>(request: AdmissionRequest, work: () => Promise<T>, caller: Caller) => Promise<T>;

interface AdmissionRequest {
  readonly pod: PodRef;
  readonly attachments: readonly Attachment[];
}

export const createAdmission = (parts: CleanupParts): Admission => {
  const inProgress = new Map<string, number>();
  let waiting: (() => void)[] = [];

  const hasRoomFor = (attachment: Attachment, pod: PodRef): boolean => {
    const key = networkKeyOf(attachment, pod);
    const limit = parts.cleanupLimits.ofNetwork(attachment);
    const unfinished = unfinishedRecords(parts).filter((record) =>
      record.attachments.some((each) => networkKeyOf(each, record.pod) === key),
    ).length;
    if (unfinished >= limit) throw new TooManyCleanups(attachment.network);
    return !attachment.selected || unfinished + (inProgress.get(key) ?? 0) < limit;
  };
  const add = (keys: ReadonlySet<string>, count: 1 | -1) => {
    for (const key of keys) inProgress.set(key, (inProgress.get(key) ?? 0) + count);
  };
  const wake = () => {
    const all = waiting;
    waiting = [];
    for (const each of all) each();
  };
  return async ({pod, attachments}, work, caller) => {
    const keys = new Set(attachments.map((each) => networkKeyOf(each, pod)));
    const end = parts.uptime() + timeForWaiting(caller);
    for (;;) {
      const full = attachments.find((each) => !hasRoomFor(each, pod));
      if (!full) break;
      const ms = end - parts.uptime();
      if (ms <= 0) throw new NetworkBusy(full.network);
      await nextTurn(waiting, ms, caller.signal);
      caller.signal?.throwIfAborted();
    }
    add(keys, 1);
    try {
      return await work();
    } finally {
      add(keys, -1);
      wake();
    }
  };
};

/** Definitions with the same name in two namespaces are two networks, even if their configurations have the same name. */
const networkKeyOf = (
  {network, selected}: Pick<Attachment, 'network' | 'selected'>,
  {namespace}: PodRef,
): string => (selected ? `${selected.namespace || namespace}/${selected.name}` : network);

/** Resolves when another attachment has ended, the caller has disconnected, or `ms` have passed. */
const nextTurn = async (
  waiting: (() => void)[],
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const over = new AbortController();
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => resolve(), {signal: over.signal});
    over.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  over.abort();
};
