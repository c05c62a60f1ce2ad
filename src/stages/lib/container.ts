/** Runs build steps in containers, and builds images. The host needs only docker and Node.js. */

import {join} from 'node:path';
import type {TaskRun} from '../../graph/task.ts';
import {makeDirectory} from '../../make-directory.ts';
import {project} from '../../project.ts';
import {
  buildEnv,
  buildImage,
  type ContainerRun,
  type ImageBuild,
  type Mount,
  removeContainer,
  runContainer,
} from '../../tools/docker.ts';
import type {DemoContext} from '../context.ts';

export interface ContainerStep extends Omit<ContainerRun, 'name' | 'command'> {
  /** A script of manifests/scripts and its arguments. */
  readonly script: readonly [name: string, ...args: readonly string[]];
  /** The directory for the result, mounted at `/out` in the container. */
  readonly out: string;
}

/**
 * Writes the output of the script to the task's log. After a cancellation it removes the container, which would outlive
 * the docker client. Without `user`, changes the owner of the result to the caller, so that a member of the docker group can purge it.
 */
export const runStep = async (
  {script: [name, ...args], out, mounts = [], ...run}: ContainerStep,
  {host}: Pick<DemoContext, 'host'>,
  {fingerprint, signal, log}: Pick<TaskRun, 'fingerprint' | 'signal' | 'log'>,
): Promise<void> => {
  const container = `kni-demo-${fingerprint.slice(0, 12)}-${process.pid}`;
  const all: readonly Mount[] = [
    {from: join(project.manifests, 'scripts'), to: '/scripts', readOnly: true},
    {from: out, to: '/out'},
    ...mounts,
  ];
  const command = ['sh', `/scripts/${name}`, ...args];
  const step: ContainerRun = {
    ...run,
    name: container,
    mounts: all,
    command: run.user === undefined ? ['sh', '-c', handOver(all), 'sh', ...command] : command,
  };
  try {
    await host.run(runContainer(step), {signal, onLine: log});
  } finally {
    if (signal.aborted) await host.run(removeContainer(container)).catch(() => undefined);
  }
};

/** The user and group of this process. A step that runs as it need not change the owner of thousands of files in Go's cache. */
export const caller = (): string => `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;

const handOver = (mounts: readonly Mount[]): string => {
  if (process.getuid?.() === 0) return 'exec "$@"';
  const written = mounts.filter(({readOnly}) => !readOnly).map(({to}) => to);
  return `"$@"; status=$?; chown -R ${caller()} ${written.join(' ')}; exit $status`;
};

/** Directories of the cache, each for Go's build cache. */
export const goCaches = {
  /** All builds of the stack share it. */
  stack: 'go-build',
  /** Of users' network runtimes, whose compiler runs as the user. */
  runtimes: 'go-build-runtime',
} as const;

const goCacheIn = (cache: string, name: string): Mount => {
  const from = join(cache, name);
  makeDirectory(from);
  return {from, to: '/cache/go-build'};
};

export const goCache = ({dirs}: Pick<DemoContext, 'dirs'>): Mount => goCacheIn(dirs.cache, goCaches.stack);

export const goRuntimeCache = ({dirs}: Pick<DemoContext, 'dirs'>): Mount =>
  goCacheIn(dirs.cache, goCaches.runtimes);

/** Tells the build scripts whether a source tree belongs to a GOPATH or consists of Go modules. */
export const goEnv = ({stack}: DemoContext): {readonly LAYOUT: string} => ({LAYOUT: stack.builder.go.layout});

/** Builds an image from a Dockerfile, and writes the output to the task's log. */
export const makeImage = async (
  build: ImageBuild,
  {host}: DemoContext,
  {signal, log}: TaskRun,
): Promise<void> => {
  await host.run(buildImage(build), {env: buildEnv, signal, onLine: log});
};
