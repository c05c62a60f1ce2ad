/** Messages of the `runtime` commands about unusable paths: one error each, also as JSON. */

import {mkdir, readdir, symlink, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const missing = 'it does not exist';
const noEntry = 'it has no file runtime.ts, go.mod or main.go';
const create = 'create a project: kni-demo runtime new DIR';
const project = `give the directory of your project, or ${create}`;
const runtime = 'give the directory of your runtime, an executable, or the word default';

/** An empty directory, a file, and directories with projects in them. */
const filesIn = async (dir: TempDir): Promise<void> => {
  for (const name of ['empty', 'outer/hello']) await mkdir(dir.join(name), {recursive: true});
  await writeFile(dir.join('notes.txt'), 'mine');
  await writeFile(dir.join('outer/hello/runtime.ts'), '');
  const projects = [
    'several/ts',
    'several/go',
    'several/node_modules',
    'several/.git',
    'many/a',
    'many/b',
    'many/c',
    'many/d',
  ];
  for (const name of projects) {
    await mkdir(dir.join(name), {recursive: true});
    await writeFile(dir.join(name, name.endsWith('ts') ? 'runtime.ts' : 'main.go'), '');
  }
};

describe('bad input', () => {
  it.each([
    [['new', 'notes.txt'], 'the path, or a part of it, is a file', 'choose a new directory'],
    [['new', 'notes.txt/hello'], 'the path, or a part of it, is a file', 'choose a new directory'],
    [['new', 'outer'], 'the directory is not empty: it has hello', /^choose a new directory/],
    [
      ['new', 'default'],
      /^`kni-demo runtime use default` means /,
      /, or run: kni-demo runtime new \.\/default$/,
    ],
    [['new', 'a:b', '--lang', 'go'], /^docker cannot mount a directory/, /without a colon in its path$/],
    [['build', 'empty'], noEntry, create],
    [['build', 'nowhere'], missing, project],
    [['build', 'notes.txt'], 'it is a file', 'give the directory that contains it'],
    [['build', 'outer'], noEntry, /^give the directory of the project: .*\/outer\/hello$/],
    [
      ['build', 'outer/hello', '--output', 'empty'],
      'it is a directory',
      /: --output .*\/empty\/runtime\.mjs$/,
    ],
    [['dev', 'empty'], noEntry, create],
    [['dev', 'default'], missing, project],
    [['dev', 'outer'], noEntry, /^give the directory of the project: .*\/outer\/hello$/],
    [['dev', 'several'], noEntry, /^give the directory of the project: .*\/several\/go or .*\/several\/ts$/],
    [['dev', 'many'], noEntry, create],
    [['use', 'empty'], noEntry, `${create}, or give the path of an executable`],
    [['use', 'defualt'], missing, runtime],
    [['use', 'notes.txt/x'], missing, runtime],
    [['use', 'notes.txt'], 'the file is not executable', /^make it executable: chmod \+x /],
    [['test', 'nowhere'], missing, runtime],
    [['test', 'empty'], noEntry, `${create}, or give the path of an executable`],
    [['test', '.', '--group', 'wier', '--group', 'laod'], /^the groups are wire, /, /runtime test --list$/],
  ])('runtime %j', async ([verb = '', ...args], why, tryThis) => {
    await using dir = await tempDir();
    await filesIn(dir);
    const {code, stdout, stderr} = await cli(dir, ['runtime', verb, ...args, '--json']);
    expect(code).toBe(exitCodes.badInput);
    const error = JSON.parse(stdout) as {why: string; tryThis: string};
    expect(error).toMatchObject({type: 'error', exitCode: exitCodes.badInput});
    expect(error.why).toMatch(why);
    expect(error.tryThis).toMatch(tryThis);
    expect(stderr).toMatch(/^error: (cannot|unknown) [^\n]+: [^\n]+\ntry: {3}[^\n]+\n$/);
  });

  it('names all groups that do not exist', async () => {
    await using dir = await tempDir();
    const {stderr} = await cli(dir, ['runtime', 'test', '.', '--group', 'wier', '--group', 'laod']);
    expect(stderr).toMatch(/^error: unknown groups wier, laod: /);
  });

  it.each(['build', 'dev', 'use', 'test'])(
    'runtime %s names the reason why a file cannot be read',
    async (verb) => {
      await using dir = await tempDir();
      await symlink('runtime.ts', dir.join('runtime.ts')); // a loop, because root may read every file
      expect(await cli(dir, ['runtime', verb, '.'])).toMatchObject({
        code: exitCodes.badInput,
        stderr: expect.stringMatching(/: it cannot be read: ELOOP: [^\n]+\ntry: {3}make it readable, /),
      });
    },
  );

  it('runtime test refuses a file for its results that it cannot write, before it runs anything', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('results'));
    await writeFile(dir.join('program.mjs'), '');
    const host = hostOf(() => '');
    const args = ['runtime', 'test', 'program.mjs', '--junit', 'results'];
    expect(await cli(dir, args, {host})).toMatchObject({
      errorCode: 'KNI-E213',
      stderr: expect.stringMatching(
        /results: it is a directory\ntry: {3}name a file in it: --junit .*\/results\/results\.xml\n$/,
      ),
    });
    expect(host.ran).toEqual([]);
    expect(await readdir(dir.join('results'))).toEqual([]);
  });
});
