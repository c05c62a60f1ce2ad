/** Fetches the user's own sources into the cache, and patches them. */

import {join} from 'node:path';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {gitSourceTask, treeTarball} from '../lib/git-source.ts';
import {keepLatest} from '../lib/keep-latest.ts';
import {artifactTask} from '../lib/products.ts';
import type {ResolvedSource} from '../lib/resolve-own-source.ts';
import {inScratch} from '../lib/scratch.ts';
import {snapshotOf} from '../lib/snapshot.ts';
import {treeTask} from './tree.ts';

export const ownSourceId = (component: Component): string => `init/own-${component}-source`;
export const ownTreeId = (component: Component): string => `init/own-${component}-tree`;

export const fetchOwn = (source: ResolvedSource): DemoTask =>
  keepLatest(
    source.place.kind === 'git' ? fromGit(source, source.place) : fromDirectory(source, source.place),
  );

export const patchOwn = ({component, patched}: ResolvedSource): DemoTask =>
  keepLatest(
    treeTask({
      component,
      id: ownTreeId(component),
      title: `${patched ? 'Patch' : 'Unpack'} your ${component}`,
      source: ownSourceId(component),
      patched,
    }),
  );

type Place<Kind> = Extract<ResolvedSource['place'], {kind: Kind}>;

const fromGit = ({component, revision}: ResolvedSource, {url, ref}: Place<'git'>): DemoTask =>
  gitSourceTask({
    id: ownSourceId(component),
    title: `Fetch ${component} from ${url}`,
    commit: () => ({url, ref, commit: revision}),
    moved: (found) =>
      new UserError({
        code: 'KNI-E110',
        what: `${ref} at ${url} has moved`,
        why: `it is now commit ${found}, expected ${revision}`,
        tryThis: 'run the same command again: it fetches the new commit',
      }),
  });

const fromDirectory = ({component, revision}: ResolvedSource, {path}: Place<'directory'>): DemoTask =>
  artifactTask({
    id: ownSourceId(component),
    title: `Read ${component} in ${path}`,
    needs: [],
    inputs: () => ({revision}),
    fill: (directory, context, running) =>
      packDirectory({path, revision, to: join(directory, treeTarball)}, context, running),
  });

const packDirectory = async (
  {path, revision, to}: {readonly path: string; readonly revision: string; readonly to: string},
  {host, dirs}: DemoContext,
  {fingerprint, signal}: TaskRun,
): Promise<void> => {
  await inScratch(dirs, 'snapshot', fingerprint, async (directory) => {
    const {id, pack} = await snapshotOf(host, path, directory, signal);
    if (id !== revision) {
      throw new UserError({
        code: 'KNI-E110',
        what: `${path} changed while it was read`,
        why: `its contents are ${id.slice(0, 12)}, expected ${revision.slice(0, 12)}`,
        tryThis: 'run the same command again, and change no file while it reads them',
      });
    }
    await pack(to);
  });
};
