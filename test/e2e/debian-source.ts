/** A source tree as Debian has it: its patches applied, and none of ours. */

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Component} from '../../src/stacks/own-source.ts';
import {builderImage} from '../../src/stages/init/base-image.ts';
import {sourceOf} from '../../src/stages/init/sources.ts';
import {builder} from './builder.ts';
import {host} from './rig.ts';

/** Makes the directory, which must not be there. */
const unpackSource = async (component: Component, to: string): Promise<void> => {
  const {image, artifact, run} = await builder();
  await mkdir(to);
  await run(`${component}-source`, {
    image: image(builderImage.id),
    script: ['prepare-tree.sh', component],
    env: {PATCHED: 'false'},
    mounts: [{from: artifact(sourceOf(component)), to: '/source', readOnly: true}],
    out: to,
  });
};

/** The same as a git repository of one release, served as git hosts do. Makes a directory in `dir`. */
export const repositoryOf = async (component: Component, dir: string, tag: string) => {
  const path = join(dir, component);
  await unpackSource(component, path);
  const git = async (...args: readonly string[]): Promise<string> => {
    const as = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];
    return (await host.run(['git', ['-C', path, ...as, ...args]])).stdout.trim();
  };
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'uploadpack.allowFilter', 'true');
  // Debian's tree has files that its own .gitignore names.
  await git('add', '--all', '--force');
  await git('commit', '--quiet', '-m', 'As Debian has it');
  await git('tag', '-a', '-m', 'A release', tag);
  return {path, commit: await git('rev-parse', 'HEAD')};
};
