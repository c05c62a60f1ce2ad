/** Recordings: the messages of a dashboard, one JSON object per line. */

import {closeSync, ftruncateSync, openSync, rmSync, writeSync} from 'node:fs';
import {readFile, stat} from 'node:fs/promises';
import {UserError} from '../errors.ts';
import {quoteCommand} from '../host/quote.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {feedVersion} from './feed.ts';
import {recordedMessage, recordedStart} from './recorded-message.ts';

export interface Recorder {
  /** Writes one line at once, so that `kill -9` loses nothing that was written before. Never throws. */
  readonly write: (line: string) => void;
  close(): void;
  /** Removes the file. */
  discard(): void;
}

/**
 * Creates the file. Throws UserError when it exists or cannot be created. `onFailure` is called once when a line cannot be written:
 * the recording ends there with its last whole line.
 */
export const createRecorder = (file: string, onFailure: (why: string) => void): Recorder => {
  const descriptor = create(file);
  let size = 0;
  let hasFailed = false;
  return {
    write(line) {
      if (hasFailed) return;
      const bytes = Buffer.from(`${line}\n`);
      try {
        const written = writeSync(descriptor, bytes);
        if (written < bytes.length) throw new Error('the disk is full');
        size += written;
      } catch (error) {
        hasFailed = true;
        cutAt(descriptor, size);
        onFailure(messageOf(error));
      }
    },
    close: () => closeSync(descriptor),
    discard() {
      closeSync(descriptor);
      rmSync(file, {force: true});
    },
  };
};

const cutAt = (descriptor: number, size: number): void => {
  try {
    ftruncateSync(descriptor, size);
  } catch {
    // A reader ignores an incomplete last line.
  }
};

/** Only for its owner: it has names and addresses of the cluster. */
const create = (file: string): number => {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const exists = errorCodeOf(error) === 'EEXIST';
    throw new UserError(
      {
        what: `cannot record to ${file}`,
        why: exists ? 'it exists already' : messageOf(error),
        tryThis: exists ? 'choose another path, or remove it' : 'choose another path',
        code: 'KNI-E213',
      },
      {cause: error},
    );
  }
};

export interface Recording {
  /** Whole lines, in UTF-8: as one text, it could need twice the memory. */
  readonly content: Buffer<ArrayBuffer>;
  readonly messages: number;
  readonly cluster: string;
  /** The first and the last time, RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** The last line was incomplete, and is left out. */
  readonly isCut: boolean;
}

/** Bytes: about 500,000 events. The page holds a recording in memory. */
const largest = 256 * 2 ** 20;

/** Throws UserError when the file cannot be read, is not a recording or is damaged. */
export const readRecording = async (file: string): Promise<Recording> => {
  const refuse = (why: string, cause?: unknown): UserError =>
    new UserError(
      {
        what: `cannot replay ${file}`,
        why,
        tryThis: isTooLarge(cause)
          ? `take a part of it: ${quoteCommand(['head', ['-c', `${largest / 2 ** 20}M`, file]])} > part.ndjson`
          : 'choose a file that kni-demo dashboard --record has written',
        code: 'KNI-E230',
      },
      {cause},
    );
  const bytes = await read(file).catch((error: unknown): never => {
    throw refuse(messageOf(error), error);
  });
  const content = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
  const lines = linesIn(content);
  const start = recordedStart(lines.next().value ?? '');
  if (start === undefined) throw refuse('it is not a recording of a dashboard');
  if (start.version > feedVersion) throw refuse('a later version of kni-demo has made it');
  let to = start.time;
  let messages = 1;
  for (const line of lines) {
    messages += 1;
    const each = recordedMessage(line);
    if (each === undefined) throw refuse(`line ${messages} is damaged`);
    if (each.time !== undefined && each.time > to) to = each.time;
  }
  const isCut = content.length < bytes.length;
  return {content, messages, cluster: start.cluster, from: start.time, to, isCut};
};

/** One line at a time is in memory as a text. */
function* linesIn(content: Buffer): Generator<string> {
  for (let from = 0; from < content.length; ) {
    const end = content.indexOf('\n', from);
    yield content.toString('utf8', from, end);
    from = end + 1;
  }
}

/** Rejects before it reads: a file may be larger than the page can hold, a device endless, and a pipe may have no writer. */
const read = async (file: string): Promise<Buffer<ArrayBuffer>> => {
  const stats = await stat(file);
  if (!stats.isFile()) throw new Error('it is not a file');
  if (stats.size > largest) throw new RangeError(`it has more than ${largest / 2 ** 20} MB`);
  return await readFile(file);
};

const isTooLarge = (error: unknown): boolean => error instanceof RangeError;
