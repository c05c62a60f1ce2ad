/** The pages that people read, and what the tests of them look for. */

import {readdir, readFile} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {project} from '../../src/project.ts';

export interface Page {
  /** From the root of the project, such as `docs/limits.md`. */
  readonly path: string;
  readonly text: string;
}

const folders = ['docs', 'docs/decisions', 'docs/recording', 'examples', 'patches', '.'];

export const readPages = async (): Promise<readonly Page[]> => {
  const paths = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(project.root, folder)))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name)),
    ),
  );
  return Promise.all(
    paths.flat().map(async (path) => ({
      path: relative('.', path),
      text: await readFile(join(project.root, path), 'utf8'),
    })),
  );
};

/** As GitHub makes the anchor of a heading. */
export const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

export const linksOf = (text: string): readonly string[] =>
  [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

/** Code spans, and the lines of code blocks. */
export const codeOf = (text: string): readonly string[] => [
  ...[...text.matchAll(/```(?:sh|console)\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n')),
  ...[...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll('\n', ' ')),
];

const withoutBlocks = (text: string): string => text.replaceAll(/^ *(```+)[^]*?^ *\1/gm, '');

/** The words after each `program` in a line of code, up to the end of that command. */
export const callsOf = (program: string, code: string): readonly (readonly string[])[] =>
  [...code.matchAll(new RegExp(String.raw`(?<![\w/.:-])${program}(?<call>(?: [^\s&|;#)<>]+)+)`, 'g'))].map(
    ({groups}) => (groups?.['call'] ?? '').trim().split(' '),
  );
