/** An append-only file of checksummed lines: a line costs one fdatasync, and a crash at any byte harms no other line. */
import {readFile} from 'node:fs/promises';
import {crc32} from 'node:zlib';
import {errorCodeOf} from '../lib/error-code.ts';
import {createAppendFile} from './append-file.ts';
import type {Reserve} from './reserve.ts';

export interface Journal {
  /**
   * Resolves when the lines, and all lines before them, are as safe as `options` demand. Concurrent appends share one
   * write and one sync, and no write waits for a sync in progress. A failed append harms no other line: its bytes are
   * truncated, or the next append starts on a new line after them. After a failed sync its lines may still count.
   */
  append(lines: readonly string[], options: AppendOptions): Promise<void>;
  /**
   * Replaces all lines by equivalent ones, in one step. `lines` is called when the rewrite's turn has come. Until the next
   * append, a power loss may bring the old lines back.
   */
  rewrite(lines: () => readonly string[]): Promise<void>;
  /** After a failed sync, until a rewrite: lines that were not synced may have been lost. */
  isSuspect(): boolean;
  /** In bytes. */
  size(): number;
  /** Closes the file. A later append opens it again. */
  close(): Promise<void>;
}

export interface AppendOptions {
  /** Whether the lines must survive a power loss. Without it they survive a crash of the process: the kernel has them. */
  readonly synced: boolean;
  /** May use the reserve when the disk is full. Other appends are then refused, to keep the free space for urgent ones. */
  readonly urgent: boolean;
  /** Called when the lines survive a crash of the process, before they are synced. */
  readonly onWritten?: () => void;
}

export interface JournalContent {
  /** Number of lines that were not intact or not understood. */
  readonly damaged: number;
  /** Size of the whole file, in bytes. */
  readonly size: number;
  /** Whether the last line was cut off. */
  readonly torn: boolean;
}

/** Eight hexadecimal digits of CRC-32, a space, the line, a newline. */
const framed = (line: string): string => `${checksumOf(line)} ${line}\n`;
const checksumOf = (line: string): string => crc32(line).toString(16).padStart(checksumLength, '0');
const checksumLength = 8;
const newline = 0x0a;

/** Calls `take` with each intact line, in order; it returns false for a line that it does not understand. */
export const readJournal = async (path: string, take: (line: string) => boolean): Promise<JournalContent> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  let damaged = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start);
    const line = end < 0 ? undefined : intactLine(bytes, start, end); // without a newline it was cut off
    const isEmpty = end === start; // an append after a failed one may begin with a newline
    if (!isEmpty && (line === undefined || !take(line))) damaged++;
    start = end < 0 ? bytes.length : end + 1;
  }
  return {damaged, size: bytes.length, torn: bytes.length > 0 && bytes.at(-1) !== newline};
};

const intactLine = (bytes: Buffer, start: number, end: number): string | undefined => {
  const text = start + checksumLength + 1;
  if (text > end) return undefined;
  const checksum = Number.parseInt(bytes.toString('latin1', start, text - 1), 16);
  const line = bytes.subarray(text, end);
  return checksum === crc32(line) ? line.toString() : undefined;
};

interface WaitingAppend extends AppendOptions {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** `read` describes the file as `readJournal` found it. */
export const createJournal = (
  path: string,
  read: Pick<JournalContent, 'size' | 'torn'>,
  reserve: Reserve,
): Journal => {
  const file = createAppendFile(path, read);
  let waiting: WaitingAppend[] = [];
  /** Written, but not synced. */
  let unsynced: WaitingAppend[] = [];
  let failedSyncs = 0;
  let isSuspect = false;
  const inTurn = createTurns();
  /** May be used within a turn, but not the other way round. */
  const inSyncTurn = createTurns();

  /**
   * Linux reports a failed sync once, and drops the data of all lines that were written before. So lines whose sync is
   * awaited are written again.
   */
  const distrustWritten = (): void => {
    failedSyncs++;
    isSuspect = true;
    for (const each of unsynced.splice(0)) void inTurn(() => appendSynced(each));
  };

  const appendAlone = async ({text, synced, urgent, resolve, reject}: WaitingAppend): Promise<void> => {
    const append = () =>
      file.append(text, synced).catch((error: unknown) => {
        if (synced) distrustWritten();
        throw error;
      });
    try {
      if (!urgent) await reserve.hold();
      await append().catch(async (error: unknown) => {
        if (!(urgent && (await reserve.release()))) throw error;
        await append();
      });
      resolve();
    } catch (error) {
      reject(error);
    }
  };

  /** No other sync may run meanwhile: it might get the error of this one. */
  const appendSynced = (each: WaitingAppend): Promise<void> => inSyncTurn(() => appendAlone(each));

  const syncWritten = async (): Promise<void> => {
    const batch = unsynced;
    unsynced = [];
    if (batch.length === 0) return; // an earlier sync included them
    try {
      await file.sync();
      for (const {resolve} of batch) resolve();
    } catch {
      unsynced = [...batch, ...unsynced];
      distrustWritten();
    }
  };

  const appendWaiting = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return; // an earlier turn has appended them
    const failedBefore = failedSyncs;
    try {
      await reserve.hold();
      await file.append(batch.map(({text}) => text).join(''), false);
    } catch {
      for (const each of batch) await appendSynced(each);
      return;
    }
    for (const each of batch) {
      each.onWritten?.();
      if (!each.synced) each.resolve();
      else if (failedSyncs === failedBefore) unsynced.push(each);
      else await appendSynced(each);
    }
    if (unsynced.length > 0) void inSyncTurn(syncWritten);
  };

  return {
    append: (lines, options) =>
      new Promise((resolve, reject) => {
        waiting.push({text: lines.map(framed).join(''), ...options, resolve, reject});
        void inTurn(appendWaiting);
      }),
    rewrite: (lines) =>
      inTurn(() =>
        inSyncTurn(async () => {
          await file.replace(lines().map(framed).join(''));
          isSuspect = false;
        }),
      ),
    isSuspect: () => isSuspect,
    size: file.size,
    close: () => inTurn(() => inSyncTurn(file.close)),
  };
};

/** Returns a function that runs one work at a time, in order of the calls. */
const createTurns = () => {
  let lastTurn: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const result = lastTurn.then(work);
    lastTurn = result.catch(() => undefined);
    return result;
  };
};
