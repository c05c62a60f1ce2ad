/** docker: builds its arguments, parses its output. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const docker = (...args: readonly string[]): Command => ['docker', args];

/** Prints the server's version; fails where no engine answers. */
export const serverVersion: Command = docker('version', '--format', '{{.Server.Version}}');

/** Prints the id that an engine keeps as long as its data: another engine has another one. */
export const engineId: Command = docker('info', '--format', '{{.ID}}');

/** Prints where the engine keeps images and volumes. */
export const dataRoot: Command = docker('info', '--format', '{{.DockerRootDir}}');

/** Fails where there is no such image. */
export const inspectImage = (image: string): Command =>
  docker('image', 'inspect', '--format', '{{.Id}}', image);

export const pullImage = (image: string): Command => docker('pull', image);

export const tagImage = (image: string, tag: string): Command => docker('tag', image, tag);

/** An image of one layer, from a tarball of a root file system. */
export const importImage = (tarball: string, tag: string): Command => docker('import', tarball, tag);

export interface ImageBuild {
  readonly tag: string;
  /** Directory that holds the Dockerfile. */
  readonly context: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Run it with `buildEnv`: the docker command may come without buildx. */
export const buildImage = ({tag, context, args}: ImageBuild): Command =>
  docker(
    'build',
    '--tag',
    tag,
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    context,
  );
export const buildEnv = {DOCKER_BUILDKIT: '0'} as const;

export interface ContainerRun {
  readonly image: string;
  readonly name: string;
  /** From a path of the host to a path in the container. */
  readonly mounts?: readonly Mount[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly privileged?: boolean;
  readonly command: readonly string[];
}

export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly readOnly?: boolean;
}

export const runContainer = ({
  image,
  name,
  mounts = [],
  env = {},
  workdir,
  privileged = false,
  command,
}: ContainerRun): Command =>
  docker(
    'run',
    '--rm',
    '--name',
    name,
    ...(privileged ? ['--privileged'] : []),
    ...mounts.flatMap(({from, to, readOnly}) => ['--volume', `${from}:${to}${readOnly ? ':ro' : ''}`]),
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...(workdir === undefined ? [] : ['--workdir', workdir]),
    image,
    ...command,
  );

export const removeContainer = (name: string): Command => docker('rm', '--force', name);

/** A file of this machine becomes a file of the container, which may run or not. */
export const copyIntoContainer = (from: string, container: string, to: string): Command =>
  docker('cp', from, `${container}:${to}`);

export const startContainers = (names: readonly string[]): Command => docker('start', ...names);

/** When each of them was started last, one a line: `/name 2026-11-28T05:47:21.123456789Z`. */
export const inspectStarts = (names: readonly string[]): Command =>
  docker('inspect', '--type', 'container', '--format', '{{.Name}} {{.State.StartedAt}}', ...names);

/** Milliseconds since the epoch, by name. */
export const parseStarts = (stdout: string): ReadonlyMap<string, number> =>
  new Map(
    stdout
      .split('\n')
      .map((line) => /^\/(\S+) (\S+)$/.exec(line.trim()))
      .flatMap((match) => (match ? [[match[1] ?? '', Date.parse(match[2] ?? '')] as const] : [])),
  );

/** The label that kind puts on its nodes, and the one of our node image, which containers inherit. */
const kindLabel = 'io.x-k8s.kind.cluster';
export const stackLabel = 'dev.kni-demo.stack';
const systemLabel = 'dev.kni-demo.system';

export interface NodeContainer {
  readonly name: string;
  readonly cluster: string;
  readonly role: string;
  readonly running: boolean;
  readonly image: string;
  /** The stack of the node image; undefined where kni-demo did not build it. */
  readonly stack: string | undefined;
  /** Volumes and directories of the host, as docker lists them: with commas between. */
  readonly mounts: string;
  /** What all of the node image but the network runtime was made from; empty where that is not known. */
  readonly system: string;
}

/** All kind nodes, running or not, one JSON object a line. */
export const listNodeContainers = (cluster?: string): Command =>
  docker(
    'ps',
    '--all',
    '--no-trunc',
    '--filter',
    `label=${kindLabel}${cluster === undefined ? '' : `=${cluster}`}`,
    '--format',
    `{"name":{{json .Names}},"state":{{json .State}},"image":{{json .Image}},"cluster":{{json (.Label "${kindLabel}")}},` +
      `"role":{{json (.Label "io.x-k8s.kind.role")}},"stack":{{json (.Label "${stackLabel}")}},"system":{{json (.Label "${systemLabel}")}},"mounts":{{json .Mounts}}}`,
  );

const printedNode = z.object({
  name: z.string(),
  state: z.string(),
  image: z.string(),
  cluster: z.string(),
  role: z.string(),
  stack: z.string(),
  system: z.string(),
  mounts: z.string(),
});

export const parseNodeContainers = (stdout: string): readonly NodeContainer[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const {state, stack, ...node} = readJson(printedNode, line, 'what docker ps printed');
      return {...node, running: state === 'running', stack: stack === '' ? undefined : stack};
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Prints the bytes of each image, one a line. */
export const imageSizes = (images: readonly string[]): Command =>
  docker('image', 'inspect', '--format', '{{.Size}}', ...images);

/** Under their names, all in one tarball. */
export const saveImages = (images: readonly string[], tarball: string): Command =>
  docker('save', '--output', tarball, ...images);

export const loadImages = (tarball: string): Command => docker('load', '--quiet', '--input', tarball);

/** `kni-demo/node:0123…`, one a line, with their sizes: every image whose name starts with `kni-demo/`. */
export const listOurImages: Command = docker(
  'images',
  '--filter',
  'reference=kni-demo/*',
  '--format',
  '{{.Repository}}:{{.Tag}}\t{{.Size}}',
);

/** `kni-demo/node:0123…`, a tab and the kind cluster of the container, if any: one line a container, running or not. */
export const listUsedImages: Command = docker(
  'ps',
  '--all',
  '--no-trunc',
  '--format',
  `{{.Image}}\t{{.Label "${kindLabel}"}}`,
);

/** Fails for an image that a container uses. */
export const removeImages = (images: readonly string[]): Command => docker('rmi', ...images);
