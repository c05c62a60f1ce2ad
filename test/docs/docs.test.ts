import {access} from 'node:fs/promises';
import {dirname, join, normalize} from 'node:path';
import type {Command} from 'commander';
import {describe, expect, it} from 'vitest';
import {commandFlags, commands} from '../../runtime/src/client/commands.ts';
import {usage} from '../../runtime/src/flags.ts';
import {createProgram} from '../../src/cli/program.ts';
import type {World} from '../../src/cli/world.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {project} from '../../src/project.ts';
import {anchorsOf, callsOf, codeOf, linksOf, readPages} from './pages.ts';

const pages = await readPages();
const pageAt = (path: string): string => pages.find((page) => page.path === path)?.text ?? '';
const exists = (path: string): Promise<boolean> =>
  access(join(project.root, path)).then(
    () => true,
    () => false,
  );
const flagsIn = (words: readonly string[]): readonly string[] =>
  words.filter((word) => word.startsWith('--')).map((word) => word.replace(/[=,].*/, ''));

describe('the README', () => {
  it('has at most 150 lines', () => {
    expect(pageAt('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });
});

describe('pages', () => {
  it('link to files and headings that exist', async () => {
    const broken: string[] = [];
    for (const {path, text} of pages) {
      for (const link of linksOf(text).filter((each) => !/^https?:/.test(each))) {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : normalize(join(dirname(path), file));
        const found = await exists(target);
        if (!found || (anchor !== undefined && !anchorsOf(pageAt(target)).has(anchor)))
          broken.push(`${path}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('are all in docs/README.md', () => {
    const listed = linksOf(pageAt('docs/README.md'));
    const names = pages.flatMap(({path}) => /^docs\/([a-z].*)$/.exec(path)?.slice(1) ?? []);
    expect(names.filter((name) => !name.startsWith('decisions/') && !listed.includes(name))).toEqual([]);
  });

  it('show output only where a command produces it', () => {
    const blocks = pages
      .filter(({path}) => !path.startsWith('docs/recording'))
      .flatMap(({path, text}) =>
        [...text.matchAll(/(?<above>.*)\n```console\n(?<lines>[^]*?)```/g)].map(({groups}) => ({
          path,
          isProduced: groups?.['above']?.startsWith('<!-- output: ') === true,
          lines: (groups?.['lines'] ?? '').trimEnd().split('\n'),
        })),
      );
    const unproven = blocks.filter(
      ({isProduced, lines}) => !isProduced && !lines.every((line) => line.startsWith('$ ')),
    );
    expect(unproven).toEqual([]);
  });
});

/** Words that name no command or flag of the program. */
const unknownTo = (program: Command, words: readonly string[]): readonly string[] => {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) break;
    command = next;
  }
  if (command === program && /^[a-z]/.test(words[0] ?? '')) return [words[0] ?? ''];
  // All arguments are kubectl's.
  if (command.name() === 'kubectl') return [];
  const known = new Set(['--help', '--version', ...command.options.map(({long}) => long)]);
  return flagsIn(words).filter((flag) => !known.has(flag));
};

describe('the commands in pages', () => {
  it('are commands and flags of kni-demo', () => {
    const program = createProgram({} as World);
    const unknown = pages.flatMap(({path, text}) =>
      codeOf(text)
        .flatMap((code) => callsOf('kni-demo', code))
        .filter((words) => unknownTo(program, words).length > 0)
        .map((words) => `${path}: kni-demo ${words.join(' ')}`),
    );
    expect(unknown).toEqual([]);
  });

  it('are commands and flags of kni-runtime', () => {
    const known = [...usage().matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
    const names = new Set(commands.map(({name}) => name));
    const flags = new Set([...known, ...commandFlags.map((flag) => `--${flag}`), '--help']);
    const unknown = pages.flatMap(({path, text}) =>
      codeOf(text)
        .flatMap((code) => callsOf('kni-runtime', code))
        .filter(
          ([first = '', ...rest]) =>
            (/^[a-z]/.test(first) && !names.has(first)) ||
            flagsIn([first, ...rest]).some((flag) => !flags.has(flag)),
        )
        .map((words) => `${path}: kni-runtime ${words.join(' ')}`),
    );
    expect(unknown).toEqual([]);
  });

  it('include every command and flag of kni-demo', () => {
    const text = pageAt('docs/commands.md') + pageAt('docs/own-sources.md');
    const words = (command: Command): readonly string[] => [
      ...command.options.map(({long}) => long ?? ''),
      ...command.commands.flatMap((each) => [each.name(), ...words(each)]),
    ];
    expect(words(createProgram({} as World)).filter((word) => !text.includes(word))).toEqual([]);
  });

  it('include every flag and command of kni-runtime', () => {
    const text = pageAt('docs/network-runtime.md');
    const flags = [...usage().matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag = '']) => flag);
    const names = commands.map(({name}) => `kni-runtime ${name}`);
    expect([...flags, ...names].filter((each) => !text.includes(`\`${each}`))).toEqual([]);
  });
});

describe('docs/commands.md', () => {
  it('has every exit code', () => {
    const [, table = ''] = pageAt('docs/commands.md').split('## Exit codes');
    const codes = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCodes));
  });
});

describe('docs/guarantees.md', () => {
  it('names tests that exist', async () => {
    const folderOf = {u: 'test/runtime', i: 'test/integration', e: 'test/e2e/chapters'};
    const missing: string[] = [];
    for (const [test, ring, name] of pageAt('docs/guarantees.md').matchAll(
      /(?<=[ |])([uie])\/([a-z][a-z/-]*)/g,
    )) {
      const file = `${folderOf[ring as 'u' | 'i' | 'e']}/${name}.test.ts`;
      if (!(await exists(file))) missing.push(test);
    }
    expect(missing).toEqual([]);
  });
});
