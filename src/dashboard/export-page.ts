/** Writes a recording and the page into one file. */

import {chmod, rename, stat, writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {removeTree} from '../cache/files.ts';
import {scratchPath} from '../cache/scratch.ts';
import {UserError} from '../errors.ts';
import {quoteCommand} from '../host/quote.ts';
import type {PageMode} from './feed.ts';
import {embeddedSize, exportedPage, type PageFiles} from './page-html.ts';
import type {Recording} from './recording.ts';

/** A script of Chromium cannot read a text of more than 536,870,888 characters. */
const usualMost = 500_000_000;

/** The page contains a recording, which only its owner can read. */
const secret = 0o600;

/** A file that is replaced keeps its mode: its owner has chosen it. */
const modeFor = async (target: string): Promise<number> => {
  try {
    return (await stat(target)).mode & 0o777;
  } catch {
    return secret;
  }
};

export interface PageExport {
  /** For messages. */
  readonly file: string;
  readonly recording: Recording;
  readonly page: PageFiles;
  readonly mode: PageMode;
  readonly target: string;
  /** Bytes of a recording in a page. */
  readonly most?: number;
}

/** Returns the size of the page. Writes the page completely or not at all. Throws UserError for a page that no browser could open. */
export const exportPage = async ({
  file,
  recording,
  page,
  mode,
  target,
  most = usualMost,
}: PageExport): Promise<number> => {
  const {content} = recording;
  const size = embeddedSize(content);
  if (size > most) throw tooLarge(file, {size, most, part: content.length * (most / size)});
  const scratch = scratchPath(resolve(target));
  let bytes = 0;
  const parts = function* (): Generator<Buffer> {
    for (const part of exportedPage(page, mode, content)) {
      bytes += part.length;
      yield part;
    }
  };
  try {
    await writeFile(scratch, parts(), {mode: secret});
    await chmod(scratch, await modeFor(target));
    await rename(scratch, target);
  } finally {
    await removeTree(scratch);
  }
  return bytes;
};

interface Excess {
  readonly size: number;
  readonly most: number;
  /** Bytes of the recording that probably fit. */
  readonly part: number;
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

const tooLarge = (file: string, {size, most, part}: Excess): UserError =>
  new UserError({
    what: `cannot export ${file}`,
    why: `its page would have ${megabytes(size)}, but kni-demo writes at most ${megabytes(most)}, because Chromium reads no longer text: each < takes 6 bytes in a page`,
    tryThis: `take a part of it: ${quoteCommand(['head', ['-c', `${Math.floor(part / 1e6)}MB`, file]])} > part.ndjson`,
    code: 'KNI-E230',
  });
