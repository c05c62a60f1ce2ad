/** Digests of files and trees, for fingerprints and to check downloads. */

import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {lstat, readdir, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';

/** Of a file's content, 64 hexadecimal digits. Rejects like `fs`. */
export const sha256File = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

/** Installed packages are not part of a source tree. */
const ignoredNames = new Set(['node_modules']);

/**
 * Of a directory or a file: relative names, contents, targets of symbolic links, and whether a file is executable.
 * Times, owners and other mode bits do not count, and node_modules is left out. 64 hexadecimal digits.
 * Rejects like `fs`, and for sockets and devices.
 */
export const digestOfTree = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const entry of entriesOf(path, '')) hash.update(`${JSON.stringify(entry)}\n`);
  return hash.digest('hex');
};

type Entry = readonly [name: string, kind: 'directory' | 'executable' | 'file' | 'link', content: string];

async function* entriesOf(path: string, name: string): AsyncGenerator<Entry> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) yield [name, 'link', await readlink(path)];
  else if (stat.isFile())
    yield [name, (stat.mode & 0o111) === 0 ? 'file' : 'executable', await sha256File(path)];
  else if (stat.isDirectory()) {
    yield [name, 'directory', ''];
    const children = (await readdir(path)).filter((child) => !ignoredNames.has(child)).sort();
    for (const child of children)
      yield* entriesOf(join(path, child), name === '' ? child : `${name}/${child}`);
  } else throw new TypeError(`neither a file nor a directory: ${path}`);
}
