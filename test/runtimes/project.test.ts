import {access, chmod, mkdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {buildProject} from '../../src/runtimes/build.ts';
import {compileError, readProject, readSource} from '../../src/runtimes/project.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const projectIn = async (dir: TempDir, files: Readonly<Record<string, string>>): Promise<void> => {
  await mkdir(dir.join('.kni'), {recursive: true});
  for (const [name, text] of Object.entries(files)) await writeFile(dir.join(name), text);
};

const run = async (file: string): Promise<string> =>
  (await localHost().run([process.execPath, ['--enable-source-maps', file]])).stdout;

describe('readSource', () => {
  it('reads a project, a script and an executable', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': '', 'a.mjs': '', program: '#!/bin/sh\n'});
    await chmod(dir.join('program'), 0o755);
    expect(await readSource(dir.path)).toEqual({
      kind: 'typescript',
      directory: dir.path,
      entry: dir.join('runtime.ts'),
    });
    expect(await readSource(dir.join('a.mjs'))).toEqual({kind: 'script', file: dir.join('a.mjs')});
    expect(await readSource(dir.join('program'))).toEqual({kind: 'executable', file: dir.join('program')});
  });

  it.each([
    ['.', 'it has no file runtime.ts, go.mod or main.go'],
    ['missing', 'it does not exist'],
    ['program', 'the file is not executable'],
    ['single.ts', 'kni-demo bundles directories'],
    ['go', 'its go.mod names no module'],
  ])('refuses %s', async (path, why) => {
    await using dir = await tempDir();
    await mkdir(dir.join('go'));
    await projectIn(dir, {program: '', 'single.ts': '', 'go/go.mod': 'module ../x\n'});
    await expect(readSource(dir.join(path))).rejects.toMatchObject({
      errorCode: 'KNI-E221',
      why: expect.stringContaining(why),
    });
  });

  it('refuses a file where a directory is needed', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': ''});
    await expect(readProject(dir.join('runtime.ts'))).rejects.toMatchObject({errorCode: 'KNI-E221'});
  });
});

/** As `buildProject` does it for TypeScript. */
const bundle = async (dir: TempDir, signal = new AbortController().signal): Promise<void> =>
  buildProject(await readProject(dir.path), dir.join('out.mjs'), {compileGo: undefined, signal});

describe('buildProject', () => {
  it('bundles helpers and the SDK into one file that Node.js runs', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {
      'runtime.ts': `import {serve} from 'kni-demo/sdk';
import {greeting} from './helper.ts';
const {createRequire, require} = {createRequire: 1, require: 2};
await Promise.resolve();
console.log(greeting satisfies string, serve(), createRequire + require);`,
      'helper.ts': `export const greeting: string = 'hello';`,
      // CommonJS inside of the SDK, such as grpc-js, calls require.
      '.kni/sdk.js': `import path from './cjs.cjs';\nexport const serve = () => path.join('a', 'b');`,
      '.kni/cjs.cjs': `module.exports = require('node:path');`,
    });
    await bundle(dir);
    expect(await run(dir.join('out.mjs'))).toBe('hello a/b 3');
  });

  it('names file, line and column of each problem', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {
      'runtime.ts': `import './helper.ts';\nimport './missing.ts';\n`,
      'helper.ts': `const a = ;\n`,
    });
    const bundled = bundle(dir);
    await expect(bundled).rejects.toMatchObject({
      errorCode: 'KNI-E222',
      why: 'helper.ts:1:11: Unexpected ";"\nruntime.ts:2:8: Could not resolve "./missing.ts"',
    });
  });

  it('says that the SDK is missing', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': `import {serve} from 'kni-demo/sdk';\nserve();\n`});
    const bundled = bundle(dir);
    await expect(bundled).rejects.toMatchObject({tryThis: expect.stringContaining('kni-demo runtime new')});
  });

  it('says that the SDK lacks a name', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {
      'runtime.ts': `import {serv} from 'kni-demo/sdk';\nserv();\n`,
      '.kni/sdk.js': 'export {};',
    });
    await expect(bundle(dir)).rejects.toMatchObject({
      why: expect.stringMatching(
        /^runtime.ts:1:9: No matching export in "[^"]*\.kni\/sdk\.js" for import "serv"$/,
      ),
      tryThis: expect.stringMatching(/^correct the name; .*kni-demo runtime new DIR$/),
    });
  });

  it.each([
    ['left-pad', 'left-pad'],
    ['@some/pad/left.js', '@some/pad'],
  ])('says that the package of %s is not installed', async (path, name) => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': `import pad from '${path}';\npad();\n`});
    await expect(bundle(dir)).rejects.toMatchObject({
      why: `runtime.ts:1:17: Could not resolve "${path}"`,
      tryThis: `run npm install ${name} in the project, or begin the path of a file with ./`,
    });
  });

  it('says that a file is to be made readable', () => {
    const directory = '/root/hello';
    const project = {kind: 'typescript', directory, entry: `${directory}/runtime.ts`} as const;
    const error = compileError(project, new Error('Cannot read file "runtime.ts": permission denied'));
    expect(error.tryThis).toBe('make the file readable and run the same command again');
  });

  it('keeps the lines of the source for stack traces', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': `type Unused = string;\n\nconsole.log(new Error('here').stack);\n`});
    await bundle(dir);
    expect(await run(dir.join('out.mjs'))).toContain('runtime.ts:3:');
  });

  it('writes nothing after it was cancelled', async () => {
    await using dir = await tempDir();
    await projectIn(dir, {'runtime.ts': ''});
    const bundled = bundle(dir, AbortSignal.abort());
    await expect(bundled).rejects.toThrow('aborted');
    await expect(access(dir.join('out.mjs'))).rejects.toThrow('ENOENT');
  });
});
