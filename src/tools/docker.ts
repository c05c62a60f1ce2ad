/** docker: builds its arguments, parses its output. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const docker = (...args: readonly string[]): Command => ['docker', args];

/** Prints the version of the engine. Fails if the engine does not answer. */
export const serverVersion: Command = docker('version', '--format', '{{.Server.Version}}');

/** Prints the engine's id, which is unique and stays the same as long as the engine keeps its data. */
export const engineId: Command = docker('info', '--format', '{{.ID}}');

/** Prints the directory of the engine's images and volumes. */
export const dataRoot: Command = docker('info', '--format', '{{.DockerRootDir}}');

/** Fails if the image does not exist. */
export const inspectImage = (image: string): Command =>
  docker('image', 'inspect', '--format', '{{.Id}}', image);

export const pullImage = (image: string): Command => docker('pull', image);

export const tagImage = (image: string, tag: string): Command => docker('tag', image, tag);

/** Creates an image of one layer from the tarball of a root file system. */
export const importImage = (tarball: string, tag: string): Command => docker('import', tarball, tag);

export interface ImageBuild {
  readonly tag: string;
  /** The directory with the Dockerfile. */
  readonly context: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Must run with `buildEnv`, which disables BuildKit: docker may be installed without buildx. */
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
  /** Each mounts a path of the host at a path in the container. */
  readonly mounts?: readonly Mount[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly privileged?: boolean;
  /** User and group, as numbers: `1000:1000`. Default: that of the image. */
  readonly user?: string;
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
  user,
  command,
}: ContainerRun): Command =>
  docker(
    'run',
    '--rm',
    '--name',
    name,
    ...(privileged ? ['--privileged'] : []),
    ...(user === undefined ? [] : ['--user', user]),
    ...mounts.flatMap(({from, to, readOnly}) => ['--volume', `${from}:${to}${readOnly ? ':ro' : ''}`]),
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...(workdir === undefined ? [] : ['--workdir', workdir]),
    image,
    ...command,
  );

export const removeContainer = (name: string): Command => docker('rm', '--force', name);

/** Copies a file of this machine into a container, which may be stopped. */
export const copyIntoContainer = (from: string, container: string, to: string): Command =>
  docker('cp', from, `${container}:${to}`);

export const stopContainers = (names: readonly string[]): Command => docker('stop', ...names);

export const copyFromContainer = (container: string, from: string, to: string): Command =>
  docker('cp', '--follow-link', `${container}:${from}`, to);

export const startContainers = (names: readonly string[]): Command => docker('start', ...names);

/** Prints what a container, running or stopped, has written to its console. */
export const containerLogs = (name: string): Command => docker('logs', '--timestamps', name);

/** Prints versions, drivers, limits and warnings of the engine, and nothing about other containers. */
export const engineInfo: Command = docker('info');

/** Prints the last start of each container, one per line: `/name 2026-11-28T05:47:21.123456789Z`. */
export const inspectStarts = (names: readonly string[]): Command =>
  docker('inspect', '--type', 'container', '--format', '{{.Name}} {{.State.StartedAt}}', ...names);

/** Prints the process id of a container's first process, on the machine of the engine; 0 if it does not run. */
export const inspectPid = (name: string): Command =>
  docker('inspect', '--type', 'container', '--format', '{{.State.Pid}}', name);

export const parsePid = (stdout: string): number => Number.parseInt(stdout, 10);

/** The start times by name, in milliseconds since the epoch. */
export const parseStarts = (stdout: string): ReadonlyMap<string, number> =>
  new Map(
    stdout
      .split('\n')
      .map((line) => /^\/(\S+) (\S+)$/.exec(line.trim()))
      .flatMap((match) => (match ? [[match[1] ?? '', Date.parse(match[2] ?? '')] as const] : [])),
  );

/** Prints the ports that each container publishes, also while it is stopped: `/name {"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"40123"}]}`. */
export const inspectPorts = (names: readonly string[]): Command =>
  docker(
    'inspect',
    '--type',
    'container',
    '--format',
    '{{.Name}} {{json .HostConfig.PortBindings}}',
    ...names,
  );

export interface PublishedPort {
  /** The name of the container. */
  readonly node: string;
  readonly address: string;
  readonly port: number;
}

const portBindings = z
  .record(z.string(), z.array(z.object({HostIp: z.string(), HostPort: z.string()})).nullable())
  .nullable();

/** The published TCP ports of this machine. Leaves out ports that docker chooses at each start. */
export const parsePorts = (stdout: string): readonly PublishedPort[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const [, node = '', json = ''] = /^\/(\S+) (.*)$/.exec(line) ?? [];
      const bindings = readJson(portBindings, json, 'the output of docker inspect') ?? {};
      return Object.entries(bindings)
        .filter(([port]) => port.endsWith('/tcp'))
        .flatMap(([, found]) => found ?? [])
        .map(({HostIp, HostPort}) => ({node, address: HostIp || '0.0.0.0', port: Number(HostPort)}))
        .filter(({port}) => port > 0);
    });

/** kind sets `kindLabel` on its nodes. Our node image has the other labels, which its containers inherit. */
const kindLabel = 'io.x-k8s.kind.cluster';
export const stackLabel = 'dev.kni-demo.stack';
const systemLabel = 'dev.kni-demo.system';

export interface NodeContainer {
  readonly name: string;
  readonly cluster: string;
  readonly role: string;
  readonly running: boolean;
  readonly image: string;
  /** The stack of the node image; undefined if kni-demo did not build the image. */
  readonly stack: string | undefined;
  /** Volumes and directories of the host, separated by commas as docker lists them. */
  readonly mounts: string;
  /** Tag of the node image without the network runtime, see `systemTag`; empty if unknown. */
  readonly system: string;
}

/** Prints one JSON object per kind node, including stopped nodes. */
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
    .map((line) => readJson(printedNode, line, 'the output of docker ps'))
    // `docker rm -f` needs seconds to delete the volume of a node, which cannot be started again.
    .filter(({state}) => state !== 'removing')
    .map(({state, stack, ...node}) => ({
      ...node,
      running: state === 'running',
      stack: stack === '' ? undefined : stack,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Prints the size of each image in bytes, one per line. */
export const imageSizes = (images: readonly string[]): Command =>
  docker('image', 'inspect', '--format', '{{.Size}}', ...images);

/** Saves images with their names into one tarball. */
export const saveImages = (images: readonly string[], tarball: string): Command =>
  docker('save', '--output', tarball, ...images);

export const loadImages = (tarball: string): Command => docker('load', '--quiet', '--input', tarball);

/** Prints name and size of every image whose name starts with `kni-demo/`, one per line: `kni-demo/node:0123…`. */
export const listOurImages: Command = docker(
  'images',
  '--filter',
  'reference=kni-demo/*',
  '--format',
  '{{.Repository}}:{{.Tag}}\t{{.Size}}',
);

/** Prints a line for each container, running or stopped: its image, a tab, and its kind cluster or nothing. */
export const listUsedImages: Command = docker(
  'ps',
  '--all',
  '--no-trunc',
  '--format',
  `{{.Image}}\t{{.Label "${kindLabel}"}}`,
);

/** Fails for an image that a container uses. */
export const removeImages = (images: readonly string[]): Command => docker('rmi', ...images);
