/** A source tree with Debian's patches and without ours. */

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Component} from '../../../src/stacks/own-source.ts';
import {builderImage} from '../../../src/stages/init/builder-image.ts';
import {sourceIdOf} from '../../../src/stages/lib/source-id.ts';
import {builder} from './builder.ts';
import {host} from './cluster.ts';

/** Creates the directory, which must not exist. */
const unpackSource = async (component: Component, to: string): Promise<void> => {
  const {image, artifact, run} = await builder();
  await mkdir(to);
  await run(`${component}-source`, {
    image: image(builderImage.id),
    script: ['prepare-tree.sh', component],
    env: {PATCHED: 'false'},
    mounts: [{from: artifact(sourceIdOf(component)), to: '/source', readOnly: true}],
    out: to,
  });
};

/** Creates a git repository with one release in `dir`, with partial clones allowed as on git hosts. */
export const repositoryOf = async (component: Component, dir: string, tag: string) => {
  const path = join(dir, component);
  await unpackSource(component, path);
  const git = async (...args: readonly string[]): Promise<string> => {
    const as = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];
    return (await host.run(['git', ['-C', path, ...as, ...args]])).stdout.trim();
  };
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'uploadpack.allowFilter', 'true');
  // --force, since .gitignore of the sources names some of their files.
  await git('add', '--all', '--force');
  await git('commit', '--quiet', '-m', 'Source of Debian');
  await git('tag', '-a', '-m', 'A release', tag);
  return {path, commit: await git('rev-parse', 'HEAD')};
};
