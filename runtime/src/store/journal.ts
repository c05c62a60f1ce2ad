/** An append-only file of checksummed lines: a line costs one fdatasync, and a crash at any byte harms no other line. */
import {type FileHandle, open, readFile} from 'node:fs/promises';
import {crc32} from 'node:zlib';
import {replace, syncDirectoryOf} from '../lib/durable-file.ts';
import {errorCodeOf} from '../lib/error-code.ts';
import type {Reserve} from './reserve.ts';

export interface Journal {
  /**
   * Resolves when the lines are as safe as asked for, with all lines before them. Lines that come at the same time share
   * one write and one sync. A failed append harms no other line: its bytes are cut off, or else the next append starts a
   * line of its own after them.
   */
  append(lines: readonly string[], how: Appending): Promise<void>;
  /**
   * Replaces all lines by what says the same, in one step. They are asked for when it is their turn. A loss of power may
   * bring the earlier ones back, until the next append.
   */
  rewrite(lines: () => readonly string[]): Promise<void>;
  /** In bytes. */
  size(): number;
  /** Lets go of the file, which a later append opens again. */
  close(): Promise<void>;
}

export interface Appending {
  /** Against loss of power. Without it the kernel has the lines, which is as much as a crash of the process takes. */
  readonly synced: boolean;
  /** May use the reserve when the disk is full; other lines are refused then, even where there is room for them. */
  readonly urgent: boolean;
}

export interface JournalContent {
  /** How many pieces of the file were no intact lines, or could not be taken. */
  readonly damaged: number;
  /** Of the whole file, in bytes. */
  readonly size: number;
  /** Whether its last line was cut off. */
  readonly torn: boolean;
}

/**
 * A line that was read. It stays in the bytes of the file: of thousands most are never looked at again, and what is asked
 * for is made a string each time anew.
 */
export class Line {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  /** Where the first tab is, or the end. */
  readonly #split: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    const split = bytes.subarray(start, end).indexOf(tab); // in this line alone: the next tab may be far away
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#split = split < 0 ? end : start + split;
  }

  get text(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end);
  }

  /** Up to the first tab. */
  get head(): string {
    return this.#bytes.toString('utf8', this.#start, this.#split);
  }

  get hasTail(): boolean {
    return this.#split < this.#end;
  }

  /** What follows the first tab; nothing without one. */
  get tail(): string {
    return this.#bytes.toString('utf8', this.#split + 1, this.#end);
  }
}

/** Eight hexadecimal digits of CRC-32, a blank, the line, a newline. */
const framed = (line: string): string => `${checksumOf(line)} ${line}\n`;
const checksumOf = (line: string | Buffer): string => crc32(line).toString(16).padStart(checksumLength, '0');
const checksumLength = 8;
const newline = 0x0a;
const tab = 0x09;

/**
 * Hands over the intact lines in their order, each as it is read. A file that is not there is an empty one. `take` returns
 * false for a line that it can make nothing of.
 */
export const readJournal = async (path: string, take: (line: Line) => boolean): Promise<JournalContent> => {
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

const intactLine = (bytes: Buffer, start: number, end: number): Line | undefined => {
  const text = start + checksumLength + 1;
  if (text > end) return undefined;
  const checksum = Number.parseInt(bytes.toString('latin1', start, text - 1), 16);
  return checksum === crc32(bytes.subarray(text, end)) ? new Line(bytes, text, end) : undefined;
};

interface Waiting extends Appending {
  readonly text: string;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** For the file as it was read. */
export const createJournal = (
  path: string,
  read: Pick<JournalContent, 'size' | 'torn'>,
  reserve: Reserve,
): Journal => {
  let {size, torn} = read;
  /** Whether bytes of a failed write may still follow the first `size` bytes. */
  let hasRemains = false;
  let file: FileHandle | undefined;
  /** Whether the file is sure to be found under its name after a loss of power; what was read may just have got it. */
  let named = false;
  let waiting: Waiting[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  const opened = async (): Promise<FileHandle> => {
    file ??= await open(path, 'a', 0o600);
    if (!named) await syncDirectoryOf(path);
    named = true;
    return file;
  };

  const close = async (): Promise<void> => {
    const handle = file;
    file = undefined;
    await handle?.close();
  };

  /** A file system may refuse this, too: one that has become read-only, or a file that may only grow. */
  const removeRemains = async (handle: FileHandle): Promise<void> => {
    hasRemains = await handle.truncate(size).then(
      () => false,
      () => true,
    );
  };

  const write = async (lines: string, synced: boolean): Promise<void> => {
    const handle = await opened();
    if (hasRemains) await removeRemains(handle);
    const start = hasRemains ? (await handle.stat()).size : size;
    const text = torn || hasRemains ? `\n${lines}` : lines; // glued to half a line, the first would be lost with it
    try {
      await handle.appendFile(text);
      if (synced) await handle.datasync();
    } catch (error) {
      await removeRemains(handle); // half a line would spoil the next one
      throw error;
    }
    size = start + Buffer.byteLength(text);
    torn = false;
    hasRemains = false;
  };

  const writeAlone = async ({text, synced, urgent, done, failed}: Waiting): Promise<void> => {
    try {
      if (!urgent) await reserve.hold();
      await write(text, synced).catch(async (error: unknown) => {
        if (!(urgent && (await reserve.release()))) throw error;
        await write(text, synced);
      });
      done();
    } catch (error) {
      failed(error);
    }
  };

  const writeWaiting = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return; // they went with an earlier batch
    try {
      await reserve.hold();
      await write(
        batch.map(({text}) => text).join(''),
        batch.some(({synced}) => synced),
      );
      for (const {done} of batch) done();
    } catch {
      for (const each of batch) await writeAlone(each);
    }
  };

  return {
    append: (lines, how) =>
      new Promise((done, failed) => {
        waiting.push({text: lines.map(framed).join(''), ...how, done, failed});
        void inTurn(writeWaiting);
      }),
    rewrite: (lines) =>
      inTurn(async () => {
        const text = lines().map(framed).join('');
        await replace(path, text);
        size = Buffer.byteLength(text);
        torn = false;
        hasRemains = false;
        named = false;
        await close().catch(() => undefined); // nobody will read it again
      }),
    size: () => size,
    close: () => inTurn(close),
  };
};
