import {existsSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {treeFor, writeTree} from '../rig/patched-source.ts';
import {tempDir} from '../rig/temp-dir.ts';

const series = (['bookworm', 'upstream'] as const).flatMap((stack) =>
  (['kubernetes', 'containerd'] as const).map((component) => [stack, component] as const),
);

describe.skipIf(!existsSync('/usr/bin/git'))('git am', () => {
  it.each(series)('accepts the patches of %s for %s', async (stack, component) => {
    await using dir = await tempDir();
    const tree = dir.join('tree');
    await mkdir(tree);
    await writeTree(tree, await treeFor(component, stack));
    const git = (...args: readonly string[]) =>
      localHost().run([
        'git',
        ['-C', tree, '-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...args],
      ]);
    await git('init', '--quiet');
    await git('add', '--all', '--force');
    await git('commit', '--quiet', '--message=base');
    const {stdout: names} = await localHost().run([
      'sh',
      ['-c', 'echo "$0"/*.patch', `${project.patches}/${stack}/${component}`],
    ]);
    const patches = names.trim().split(' ');
    await git('am', '--quiet', ...patches);
    const {stdout} = await git('log', '--format=%an <%ae>', `-${patches.length}`);
    expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['kni-demo <kni-demo@localhost>']));
  });
});
