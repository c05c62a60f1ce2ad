/** logs bundle: writes the logs and the state of a cluster into one archive. */

import {chmod, mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {basename, join, resolve} from 'node:path';
import {z} from 'zod';
import {refuseTaken} from '../../bundle/save.ts';
import {exists, removeTree} from '../../cache/files.ts';
import {scratchPath} from '../../cache/scratch.ts';
import {
  type ClusterPlace,
  nameFlag,
  readRecord,
  removedNodes,
  requireCluster,
} from '../../cluster/cluster.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Command} from '../../host/host.ts';
import {readJson} from '../../json.ts';
import {project} from '../../project.ts';
import {containerLogs, engineInfo, type NodeContainer} from '../../tools/docker.ts';
import {version as kindVersion} from '../../tools/kind.ts';
import {compressTarball, unpackTarball} from '../../tools/tar.ts';
import {hostAndDirs} from '../context.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface LogsBundleOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Throws UserError (exit code `badInput`) when the file exists. The archive lists the sources that could not be read. */
export const logsBundle = async (
  world: World,
  file: string,
  {name, json}: LogsBundleOptions,
): Promise<void> => {
  const {signal} = world;
  const place = hostAndDirs(world);
  await refuseTaken(file);
  const cluster = await requireCluster(place, name, signal);
  const removed = removedNodes(name, await readRecord(place.dirs, name), cluster.nodes);
  const target = resolve(file);
  const scratch = scratchPath(target);
  const root = `kni-demo-logs-${name}`;
  try {
    await mkdir(join(scratch, root, 'nodes'), {recursive: true, mode: 0o700});
    const problems = [
      ...(await describeHost(place, join(scratch, root), signal)),
      ...(
        await Promise.all(cluster.nodes.map((node) => collect(place, node, {scratch, root, signal})))
      ).flat(),
      ...removed.map((node) => `${node}: its container was removed`),
    ];
    await writeFile(join(scratch, root, 'problems.txt'), problems.map((line) => `${line}\n`).join(''));
    const archive = join(scratch, basename(target));
    await place.host.run(compressTarball(archive, {from: scratch, names: [root]}), {signal});
    // Logs may contain names and addresses that other users of this machine must not see.
    await chmod(archive, 0o600);
    await rename(archive, target);
    const {say, record} = runOutput(world, json);
    record('result', {command: 'logs bundle', exitCode: 0, cluster: name, file, problems});
    for (const line of problems) say(`! ${line}`);
    say(`wrote ${file}: the logs of ${cluster.nodes.length} nodes. List it: tar -tzf ${file}`);
  } finally {
    await removeTree(scratch);
  }
};

interface Collection {
  readonly scratch: string;
  /** The folder of the archive. */
  readonly root: string;
  readonly signal: AbortSignal;
}

/** Returns the problems, one line for each. */
const collect = async (
  {host}: ClusterPlace,
  {name, running, cluster}: NodeContainer,
  {scratch, root, signal}: Collection,
): Promise<readonly string[]> => {
  const directory = join(scratch, root, 'nodes', name);
  await mkdir(directory, {recursive: true});
  const console = saveAll(containerLogs(name), join(directory, 'console.log'));
  const attempt = attemptWith(signal, name);
  const problems = await attempt(() => host.run(console, {signal}));
  if (!running) return [...problems, `${name}: it is stopped; start it: kni-demo start${nameFlag(cluster)}`];
  const script = await readFile(join(project.manifests, 'scripts/collect-node.sh'), 'utf8');
  const archive = join(scratch, `${name}.tar`);
  const failed = await attempt(async () => {
    await host.run(save(['docker', ['exec', name, 'sh', '-c', script]], archive), {signal, timeout: 300_000});
    await host.run(unpackTarball(archive, directory), {signal});
  });
  const file = join(directory, 'problems.txt');
  const found = (await exists(file)) ? (await readFile(file, 'utf8')).trimEnd().split('\n') : [];
  return [...problems, ...failed, ...found.map((line) => `${name}: ${line}`)];
};

const describeHost = async (
  {host}: ClusterPlace,
  directory: string,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const manifest = await readFile(join(project.root, 'package.json'), 'utf8');
  const {version} = readJson(z.object({version: z.string()}), manifest, 'package.json');
  const texts = [`kni-demo ${version}`, `Node.js ${process.version}`];
  const commands: readonly Command[] = [['uname', ['-a']], kindVersion, engineInfo];
  const problems: string[] = [];
  for (const command of commands) {
    problems.push(
      ...(await attemptWith(
        signal,
        command[0],
      )(async () => {
        texts.push((await host.run(command, {signal, timeout: 20_000})).stdout.trim());
      })),
    );
  }
  await writeFile(join(directory, 'versions.txt'), `${texts.join('\n')}\n`);
  return problems;
};

/** Turns the failure of a command into a line. */
const attemptWith =
  (signal: AbortSignal, what: string) =>
  async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    try {
      await work();
      return [];
    } catch (error) {
      if (!(error instanceof CommandError) || signal.aborted) throw error;
      return [`${what}: ${error.lastLine}`];
    }
  };

/** Writes the standard output of a command to a file, because it may be binary or long. */
const save = ([file, args]: Command, to: string): Command => [
  'sh',
  ['-c', 'output=$1; shift; exec "$@" >"$output"', 'sh', to, file, ...args],
];

const saveAll = (command: Command, to: string): Command =>
  save(['sh', ['-c', 'exec "$@" 2>&1', 'sh', command[0], ...command[1]]], to);
