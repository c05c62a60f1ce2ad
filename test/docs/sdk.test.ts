import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {parseDeclarations} from '../../docs/sdk/declarations.ts';
import {declareSdk} from '../../docs/sdk/declare.ts';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {createProject} from '../../src/runtimes/new.ts';
import {buildSdk} from '../rig/sdk.ts';
import {tempDir} from '../rig/temp-dir.ts';

const committed = (path: string): Promise<string> => readFile(join(project.root, path), 'utf8');

describe('the public types of the SDK', () => {
  // A change is intended if it is compatible with runtimes that use the SDK: run `npm run generate:sdk`, and look at the difference.
  it('are those of runtime/sdk.d.ts and docs/sdk-reference.md', async () => {
    const {types, page} = await declareSdk();
    expect(types).toBe(await committed('runtime/sdk.d.ts'));
    expect(page).toBe(await committed('docs/sdk-reference.md'));
  });

  it('have a comment each, and name no npm package', async () => {
    const {declarations, imports} = parseDeclarations('sdk.d.ts', await committed('runtime/sdk.d.ts'));
    expect(declarations.length).toBeGreaterThan(40);
    expect([...imports.values()]).toEqual([]);
    const functions = declarations.filter(({text}) => text.includes('export declare const'));
    expect(functions.filter(({text}) => !text.startsWith('/**')).map(({name}) => name)).toEqual(['Protocol']);
  });
});

describe('a new project', () => {
  it('compiles with tsc and only the types of its copied SDK', async () => {
    await using dir = await tempDir();
    const sdk = await buildSdk(dir.join('sdk'));
    await createProject(dir.join('hello'), 'typescript', {sdk});
    const tsc = join(project.root, 'node_modules/.bin/tsc');
    await localHost().run([tsc, ['-p', dir.join('hello')]]);
    await copyFile(join(project.root, 'examples/cni-runtime/runtime.ts'), dir.join('hello/cni.ts'));
    const types = join(project.root, 'node_modules/@types');
    await localHost().run([tsc, ['-p', dir.join('hello'), '--typeRoots', types, '--types', 'node']]);
    const wrong = `import {addVeth} from 'kni-demo/sdk';\nawait addVeth({netns: 1});\nexport {};\n`;
    await writeFile(dir.join('hello/wrong.ts'), wrong);
    await expect(localHost().run([tsc, ['-p', dir.join('hello')]])).rejects.toMatchObject({
      output: expect.stringContaining('wrong.ts'),
    });
  });

  it('has at most 90 lines of code of the user', async () => {
    const text = await committed('examples/runtimes/typescript/runtime.ts');
    const [, code = ''] = text.split("} from 'kni-demo/sdk';");
    expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(90);
  });
});
