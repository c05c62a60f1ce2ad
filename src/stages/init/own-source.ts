/** The user's own sources become programs like the pinned ones, beside them: the node image stays what it is. */

import {join} from 'node:path';
import {pruneArtifacts} from '../../cache/inventory.ts';
import {UserError} from '../../errors.ts';
import type {Running} from '../../graph/task.ts';
import type {Component} from '../../stacks/own-source.ts';
import type {Stack} from '../../stacks/schema.ts';
import {containerdBuilderOf, containerdBuildTask} from '../build/containerd.ts';
import {kubernetesBuildTask} from '../build/kubernetes.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {artifactOf, artifactTask} from '../lib/products.ts';
import {inScratch} from '../lib/project-files.ts';
import type {ResolvedSource} from '../lib/resolve-own-source.ts';
import {snapshotOf} from '../lib/snapshot.ts';
import {gitSourceTask, treeTarball} from './git-source.ts';
import {treeTask} from './tree.ts';

const idsOf = (component: Component) =>
  ({
    source: `init/own-${component}-source`,
    tree: `init/own-${component}-tree`,
    build: `build/own-${component}`,
  }) as const;

/** The task whose artifact holds the programs. */
export const ownBuildOf = (component: Component): string => idsOf(component).build;

/** The stack's with build metadata, which no comparison of versions heeds; `kubectl get nodes` shows it. */
export const versionOf = (pinned: string, revision: string): string => `${pinned}+${revision.slice(0, 12)}`;

export const ownTasks = (source: ResolvedSource, stack: Stack): readonly DemoTask[] => {
  const {component, patched} = source;
  const {source: from, tree: id} = idsOf(component);
  const title = `${patched ? 'Patch' : 'Unpack'} your ${component}`;
  return [
    latestOnly(sourceTask(source)),
    latestOnly(treeTask({component, id, title, source: from, patched})),
    latestOnly(buildTask(source, stack)),
  ];
};

/** Somebody who edits and tries would fill the disk in an afternoon. */
const latestOnly = (task: DemoTask): DemoTask => ({
  ...task,
  async run(context, running) {
    await task.run(context, running);
    await pruneArtifacts([artifactOf(task.id, context, {fingerprintOf: () => running.fingerprint})]);
  },
});

const sourceTask = ({component, place, revision}: ResolvedSource): DemoTask => {
  const id = idsOf(component).source;
  return place.kind === 'git'
    ? gitSourceTask({
        id,
        title: `Fetch ${component} from ${place.url}`,
        url: place.url,
        ref: place.ref,
        commit: revision,
        moved: (found) =>
          new UserError({
            what: `${place.ref} at ${place.url} is not what it was a moment ago`,
            why: `it is commit ${found}, expected ${revision}`,
            tryThis: 'run the same command again; nothing was kept',
          }),
      })
    : artifactTask({
        id,
        title: `Read ${component} in ${place.path}`,
        needs: [],
        inputs: () => ({revision}),
        fill: (directory, context, running) =>
          readDirectory({path: place.path, revision, to: join(directory, treeTarball)}, context, running),
      });
};

const readDirectory = async (
  {path, revision, to}: {readonly path: string; readonly revision: string; readonly to: string},
  {host, dirs}: DemoContext,
  {fingerprint, signal}: Running,
): Promise<void> => {
  await inScratch(dirs, 'snapshot', fingerprint, async (directory) => {
    const {id, pack} = await snapshotOf(host, path, directory, signal);
    if (id !== revision) {
      throw new UserError({
        what: `${path} was changed while it was read`,
        why: `its contents are ${id.slice(0, 12)}, expected ${revision.slice(0, 12)}`,
        tryThis: 'run the same command again; nothing was kept',
      });
    }
    await pack(to);
  });
};

const buildTask = ({component, revision}: ResolvedSource, {containerd}: Stack): DemoTask => {
  const {tree, build: id} = idsOf(component);
  const version = ({stack}: DemoContext): string => versionOf(stack[component].version, revision);
  const parts = {id, tree, version, revision};
  return component === 'kubernetes'
    ? kubernetesBuildTask({...parts, title: 'Build your kubelet', binaries: () => ['kubelet']})
    : containerdBuildTask({...parts, title: 'Build your containerd', image: containerdBuilderOf(containerd)});
};
