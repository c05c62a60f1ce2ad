/** The user's own sources become programs like the pinned ones, beside them: the node image stays what it is. */

import {join} from 'node:path';
import {pruneArtifacts} from '../../cache/inventory.ts';
import {UserError} from '../../errors.ts';
import type {Running} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Component} from '../../stacks/own-source.ts';
import {archive, fetchedCommit, fetchShallow, gitEnv, initBare} from '../../tools/git.ts';
import {buildContainerd, containerdBuilderImage} from '../build/containerd.ts';
import {buildKubernetes} from '../build/kubernetes.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {inScratch, scriptDigest} from '../files.ts';
import {builderImage} from '../init/images.ts';
import {treeTask} from '../init/trees.ts';
import {artifactOf, artifactTask} from '../products.ts';
import {persistently} from './persistently.ts';
import {gitFailed, type ResolvedSource} from './resolve.ts';
import {snapshotOf} from './snapshot.ts';

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

export const ownTasks = (source: ResolvedSource): readonly DemoTask[] => {
  const {component, patched} = source;
  const {source: from, tree: id} = idsOf(component);
  const title = `${patched ? 'Patch' : 'Unpack'} your ${component}`;
  return [
    latestOnly(sourceTask(source)),
    latestOnly(treeTask({component, id, title, source: from, patched})),
    latestOnly(buildTask(source)),
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

/** The tree as one tarball, which knows nothing of where it comes from. */
const tarball = 'tree.tar';

const sourceTask = ({component, place, revision}: ResolvedSource): DemoTask =>
  artifactTask({
    id: idsOf(component).source,
    title:
      place.kind === 'git' ? `Fetch ${component} from ${place.url}` : `Read ${component} in ${place.path}`,
    needs: [],
    inputs: () => ({revision}),
    fill: (directory, context, running) =>
      place.kind === 'git'
        ? fetchCommit({...place, revision, to: join(directory, tarball)}, context, running)
        : readDirectory({path: place.path, revision, to: join(directory, tarball)}, context, running),
  });

interface Fetching {
  readonly url: string;
  readonly ref: string;
  readonly revision: string;
  readonly to: string;
}

const fetchCommit = async (
  {url, ref, revision, to}: Fetching,
  {host, dirs}: DemoContext,
  {fingerprint, signal, log}: Running,
): Promise<void> => {
  await inScratch(dirs, 'git', fingerprint, async (repository) => {
    await host.run(initBare(repository), {env: gitEnv, signal});
    const fetch = () => host.run(fetchShallow(repository, url, ref), {env: gitEnv, signal, onLine: log});
    await persistently(fetch, signal, {log}).catch((error: unknown): never => {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
      throw gitFailed(url, error);
    });
    const commit = (await host.run(fetchedCommit(repository), {env: gitEnv, signal})).stdout.trim();
    if (commit !== revision) {
      throw new UserError({
        what: `${ref} at ${url} is not what it was a moment ago`,
        why: `it is commit ${commit}, expected ${revision}`,
        tryThis: 'run the same command again; nothing was kept',
      });
    }
    await host.run(archive(repository, revision, to), {env: gitEnv, signal});
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

interface OwnBuild {
  readonly title: string;
  /** The task that makes the image it is built in. */
  readonly image: string;
  readonly script: string;
  readonly build: (parts: BuildParts, context: DemoContext, running: Running) => Promise<void>;
}

interface BuildParts {
  readonly out: string;
  readonly tree: string;
  readonly version: string;
  readonly revision: string;
}

const builds: Readonly<Record<Component, OwnBuild>> = {
  kubernetes: {
    title: 'Build your kubelet',
    image: builderImage.id,
    script: 'build-kubernetes.sh',
    build: (parts, context, running) => buildKubernetes({...parts, binaries: ['kubelet']}, context, running),
  },
  containerd: {
    title: 'Build your containerd',
    image: containerdBuilderImage.id,
    script: 'build-containerd.sh',
    build: buildContainerd,
  },
};

const buildTask = ({component, revision}: ResolvedSource): DemoTask => {
  const {tree, build: id} = idsOf(component);
  const {title, image, script, build} = builds[component];
  const versionIn = ({stack}: DemoContext): string => versionOf(stack[component].version, revision);
  return artifactTask({
    id,
    title,
    needs: [image, tree],
    inputs: async (context) => ({version: versionIn(context), script: await scriptDigest(script)}),
    fill: (out, context, running) =>
      build({out, tree, version: versionIn(context), revision}, context, running),
  });
};
