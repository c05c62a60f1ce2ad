import {chmod, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';
import {createProject} from '../../src/runtimes/new.ts';
import {readProject} from '../../src/runtimes/project.ts';
import {cli} from '../rig/cli.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const files = ['.kni', 'README.md', 'runtime.test.mjs', 'runtime.ts', 'tsconfig.json'];

/** The SDK is only copied here. */
const sdkIn = async (dir: TempDir) => {
  await mkdir(dir.join('sdk'));
  for (const name of ['sdk.js', 'sdk.d.ts']) await writeFile(dir.join('sdk', name), name);
  return {sdk: dir.join('sdk')};
};

describe('a new project', () => {
  it('has the template and the SDK, in a directory that is made with its parents', async () => {
    await using dir = await tempDir();
    const created = await createProject(dir.join('a/b'), 'typescript', await sdkIn(dir));
    expect(await readdir(dir.join('a/b'))).toEqual(files);
    expect(created).toEqual([...files.slice(1), '.kni/sdk.js', '.kni/sdk.d.ts']);
    expect(await readdir(dir.join('a/b/.kni'))).toEqual(['sdk.d.ts', 'sdk.js']);
  });

  it.each([
    [
      'typescript',
      ['.kni/sdk.js', 'runtime.mjs'],
      ['.kni', 'runtime.ts'],
      ['runtime.ts', '.kni/sdk.js', '.kni/sdk.d.ts'],
    ],
    ['go', ['runtime'], ['main.go'], ['main.go']],
  ] as const)('has nothing that was built in the template: %s', async (language, built, entries, created) => {
    await using dir = await tempDir();
    const template = dir.join('templates', language);
    for (const name of built) {
      await mkdir(dirname(join(template, name)), {recursive: true});
      await writeFile(join(template, name), 'built');
    }
    await writeFile(join(template, created[0]), 'source');
    const {sdk} = await sdkIn(dir);
    const sources = {sdk, templates: dir.join('templates')};
    expect(await createProject(dir.join('a'), language, sources)).toEqual(created);
    expect(await readdir(dir.join('a'))).toEqual(entries);
  });

  it('in Go has the template with its packages, and needs no SDK', async () => {
    await using dir = await tempDir();
    const created = await createProject(dir.join('a'), 'go', {sdk: dir.join('none')});
    expect(created).toEqual(expect.arrayContaining(['README.md', 'go.mod', 'kni/kni.pb.go', 'main.go']));
    for (const file of created)
      expect((await readFile(dir.join('a', file), 'utf8')).length).toBeGreaterThan(0);
    expect(await readdir(dir.join('a'))).not.toContain('.kni');
  });

  it.each(['net', 'func', 'main', 'internal', 'vendor', 'with space', 'ümläut', '$(x)', '_a', 'a,b', '"q"'])(
    'in Go has its own module, in a directory that is called %s',
    async (name) => {
      await using dir = await tempDir();
      await createProject(dir.join(name), 'go');
      expect(await readProject(dir.join(name))).toMatchObject({
        directory: dir.join(name),
        module: 'example.com/kni-runtime',
      });
    },
  );

  it('may be made in an empty directory, and in a new git repository', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('hello/.git'), {recursive: true});
    await createProject(dir.join('hello'), 'typescript', await sdkIn(dir));
    expect(await readdir(dir.join('hello'))).toEqual(['.git', ...files]);
  });

  it.each(['notes.txt', 'runtime.ts'])('is refused where there is %s, which stays', async (name) => {
    await using dir = await tempDir();
    await mkdir(dir.join('hello'));
    await writeFile(dir.join('hello', name), 'mine');
    await expect(createProject(dir.join('hello'), 'typescript', await sdkIn(dir))).rejects.toMatchObject({
      errorCode: 'KNI-E213',
      why: `the directory is not empty: it has ${name}`,
    });
    expect(await readdir(dir.join('hello'))).toEqual([name]);
    expect(await readFile(dir.join('hello', name), 'utf8')).toBe('mine');
  });

  it('is refused where a file is', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('hello'), 'mine');
    await expect(createProject(dir.join('hello'), 'typescript', await sdkIn(dir))).rejects.toMatchObject({
      errorCode: 'KNI-E213',
    });
    expect(await readFile(dir.join('hello'), 'utf8')).toBe('mine');
  });

  it('leaves nothing behind if it cannot be completed', async () => {
    await using dir = await tempDir();
    const {sdk} = await sdkIn(dir);
    await chmod(sdk, 0o700);
    await mkdir(dir.join('sdk2'));
    await writeFile(dir.join('sdk2/sdk.js'), '');
    await expect(createProject(dir.join('a/b'), 'typescript', {sdk: dir.join('sdk2')})).rejects.toMatchObject(
      {
        errorCode: 'KNI-E213',
      },
    );
    expect(await readdir(dir.path)).toEqual(['sdk', 'sdk2']);
  });

  it('replaces what an interrupted run has left, and nothing else', async () => {
    await using dir = await tempDir();
    const sdk = await sdkIn(dir);
    await mkdir(dir.join('hello/.kni-new/.kni'), {recursive: true});
    await writeFile(dir.join('hello/README.md'), 'half');
    await createProject(dir.join('hello'), 'typescript', sdk);
    expect(await readdir(dir.join('hello'))).toEqual(files);
    expect(await readFile(dir.join('hello/README.md'), 'utf8')).not.toBe('half');
    await mkdir(dir.join('other/.kni-new'), {recursive: true});
    await writeFile(dir.join('other/notes.txt'), 'mine');
    await expect(createProject(dir.join('other'), 'typescript', sdk)).rejects.toMatchObject({
      errorCode: 'KNI-E213',
    });
    expect(await readdir(dir.join('other'))).toEqual(['.kni-new', 'notes.txt']);
  });
});

describe('runtime new and runtime build', () => {
  let real: RealCli;
  beforeAll(async () => {
    real = await realCli();
    return () => real[Symbol.asyncDispose]();
  });

  it('make one file that serves KNI, from nothing', {timeout: 180_000}, async () => {
    const made = await real.shell(real.line('runtime', 'new', 'hello'));
    expect(made).toMatchObject({code: 0, stderr: ''});
    expect(made.stdout).toContain(
      'Created a network runtime in hello: README.md, runtime.test.mjs, runtime.ts',
    );
    const built = await real.shell(`cd hello && ${real.line('runtime', 'build', '--json')}`);
    expect(JSON.parse(built.stdout)).toMatchObject({
      type: 'result',
      command: 'runtime build',
      file: real.dir.join('hello/runtime.mjs'),
    });
    const tested = await real.shell(`cd hello && ${process.execPath} --test`);
    expect(tested.stdout).toMatch(/^# pass 3$/m);
    expect(tested.code).toBe(0);
    expect(await readdir(real.dir.join('hello'))).toEqual([
      ...files.slice(0, 2),
      'runtime.mjs',
      ...files.slice(2),
    ]);
  });

  it('show the line that does not compile, and keep the file of before', async () => {
    await real.shell(`${real.line('runtime', 'new', 'broken')}; echo 'const x = ;' >broken/runtime.ts`);
    await writeFile(real.dir.join('broken/runtime.mjs'), 'before');
    const {code, stderr} = await real.shell(real.line('runtime', 'build', 'broken'));
    expect(code).toBe(2);
    expect(stderr).toContain('runtime.ts:1:11: Unexpected ";"');
    expect(await readFile(real.dir.join('broken/runtime.mjs'), 'utf8')).toBe('before');
    expect(await readdir(real.dir.join('broken'))).toHaveLength(6);
  });
});

describe('runtime new', () => {
  it('names the directory that is not empty', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('mine'), '');
    const {code, stderr} = await cli(dir, ['runtime', 'new', '.']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: cannot create a network runtime in .*: the directory is not empty/m);
  });
});
