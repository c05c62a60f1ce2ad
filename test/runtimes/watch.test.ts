import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {readProject} from '../../src/runtimes/project.ts';
import {type Build, buildsOf} from '../../src/runtimes/watch.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const watching = async (dir: TempDir) => {
  await writeFile(dir.join('runtime.ts'), `import {text} from './lib/helper.ts';\nconsole.log(text);\n`);
  await mkdir(dir.join('lib'), {recursive: true});
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'first';\n`);
  const ending = new AbortController();
  const builds = buildsOf(await readProject(dir.path), {compileGo: undefined, signal: ending.signal});
  return {
    next: async (): Promise<Build> => {
      const {value} = await builds.next();
      if (value === undefined) throw new Error('no more builds');
      return value;
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await builds.return();
    },
  };
};

const textOf = (build: Build): string =>
  build.kind === 'built' ? build.program.toString() : build.error.why;

it('builds at once, and after changes of any file that is imported', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  expect(textOf(await project.next())).toContain('"first"');
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'second';\n`);
  expect(textOf(await project.next())).toContain('"second"');
  // As editors save a file.
  await writeFile(dir.join('lib/.helper.ts.swp'), `export const text = 'third';\n`);
  await rename(dir.join('lib/.helper.ts.swp'), dir.join('lib/helper.ts'));
  expect(textOf(await project.next())).toContain('"third"');
});

it('waits for a slow editor, which empties the entry file before it writes it', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  await project.next();
  const next = project.next();
  await writeFile(dir.join('runtime.ts'), '');
  await sleep(200);
  await writeFile(dir.join('runtime.ts'), `console.log('saved');\n`);
  expect(textOf(await next)).toContain('"saved"');
});

it('names file and line of an error, and goes on when it is corrected', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  await project.next();
  await writeFile(dir.join('lib/helper.ts'), `\nexport const text = ;\n`);
  expect(await project.next()).toMatchObject({
    kind: 'failed',
    error: {errorCode: 'KNI-E222', why: 'lib/helper.ts:2:21: Unexpected ";"'},
  });
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'mended';\n`);
  expect(textOf(await project.next())).toContain('"mended"');
});

it('sees a file that the first build missed, in a directory that comes later', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  await rm(dir.join('lib'), {recursive: true});
  expect(await project.next()).toMatchObject({
    kind: 'failed',
    error: {why: expect.stringContaining('Could not resolve')},
  });
  const next = project.next();
  await mkdir(dir.join('lib'));
  await sleep(700); // The build of this change fails, too.
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'late';\n`);
  expect(textOf(await next)).toContain('"late"');
});

it('leaves out a change that makes no difference', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  await project.next();
  await writeFile(dir.join('README.md'), 'text');
  const next = project.next();
  await sleep(100);
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'other';\n`);
  expect(textOf(await next)).toContain('"other"');
});

it('sees a change that is made during a build, and survives a replaced directory', async () => {
  await using dir = await tempDir();
  await using project = await watching(dir);
  await project.next();
  await rm(dir.join('lib'), {recursive: true});
  expect((await project.next()).kind).toBe('failed');
  await mkdir(dir.join('lib'));
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'again';\n`);
  const build = project.next();
  expect(textOf(await build)).toContain('"again"');
  await writeFile(dir.join('lib/helper.ts'), `export const text = 'and again';\n`);
  expect(textOf(await project.next())).toContain('"and again"');
});

it('ends when it is cancelled', async () => {
  await using dir = await tempDir();
  await writeFile(dir.join('runtime.ts'), '');
  const ending = new AbortController();
  const builds = buildsOf(await readProject(dir.path), {compileGo: undefined, signal: ending.signal});
  await builds.next();
  const next = builds.next();
  ending.abort();
  expect(await next).toEqual({value: undefined, done: true});
});
