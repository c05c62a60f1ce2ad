/** Finds the network runtime that `runtime test` checks. */

import {access, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {requireCluster, requireRunning} from '../cluster/cluster.ts';
import {CallFailed, kniClient} from '../conformance/kni-client.ts';
import {type OwnNode, requireNamespaces} from '../conformance/own-node.ts';
import type {Target} from '../conformance/run.ts';
import {UserError} from '../errors.ts';
import type {Command} from '../host/host.ts';
import {buildProject, programName} from '../runtimes/build.ts';
import {defaultRuntime} from '../runtimes/default-runtime.ts';
import {readSource} from '../runtimes/project.ts';
import {inspectPid, parsePid} from '../tools/docker.ts';
import {hostAndDirs} from './context.ts';
import {goCompilerFor} from './go-compiler.ts';
import {ownRuntime} from './own-runtime.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

export interface TargetFlags {
  readonly json?: boolean;
  readonly exec?: string;
  readonly socket?: string;
  readonly node?: string;
  /** The name of the cluster of `node`. */
  readonly name: string;
}

/** `what` names the runtime for people. Throws UserError unless exactly one is given, or if it does not answer. */
export const targetOf = async (
  world: World,
  source: string | undefined,
  {exec, socket, node, name, json = false}: TargetFlags,
): Promise<{readonly target: Target; readonly what: string}> => {
  const given = [source, exec, socket, node].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw new UserError({
      what: given.length === 0 ? 'no network runtime is given' : 'several network runtimes are given',
      why: 'a test needs exactly one of a directory or file, --exec, --socket and --node',
      tryThis: 'kni-demo runtime test DIR, or kni-demo runtime test --exec FILE',
      code: 'KNI-E217',
    });
  const at = (path: string): string => resolve(world.directory ?? process.cwd(), path);
  if (socket !== undefined) return {target: await liveTarget(at(socket), socket), what: socket};
  if (node !== undefined) {
    const what = `${node} of cluster ${name}`;
    return {target: await liveTarget(await socketOfNode(world, name, node), what), what};
  }
  const path = exec ?? source ?? '';
  const prepare = path === ownRuntime ? defaultRuntime(world.env) : await programAt(world, at(path), json);
  return {
    target: {kind: 'program', host: world.host, prepare},
    what: path === ownRuntime ? "kni-demo's own runtime" : path,
  };
};

/** These directories are empty on the node of the test. */
const hidden = /^\/(run|var\/run|var\/lib)\//;

/** How long to wait for another kni-demo, in milliseconds, if the image that compiles Go is missing. */
const lockTimeout = 600_000;

/** Builds a project at once, so that its errors come first, but not without the right to run it. Throws UserError. */
const programAt = async (
  world: World,
  path: string,
  json: boolean,
): Promise<(node: OwnNode) => Promise<Command>> => {
  const source = await readSource(path);
  if (source.kind === 'typescript' || source.kind === 'go') {
    await requireNamespaces(world.host, world.signal);
    const output = runOutput(world, json);
    const compileGo = await goCompilerFor(world, source, {
      command: 'kni-demo runtime test',
      lockTimeout,
      json,
      output,
    });
    const program = await inTemporary(async (directory) => {
      const file = join(directory, programName(source));
      await buildProject(source, file, {compileGo, signal: world.signal});
      return readFile(file);
    });
    const file = `/run/${programName(source)}`;
    return async (node) => {
      await writeFile(node.path(file), program, {mode: 0o755});
      return source.kind === 'typescript' ? [process.execPath, ['--enable-source-maps', file]] : [file, []];
    };
  }
  if (hidden.test(source.file))
    throw new UserError({
      what: `cannot test ${source.file}`,
      why: 'the test hides /run and /var/lib, so that runtimes do not touch the files of this machine',
      tryThis: 'copy it to another directory, for example /tmp',
      code: 'KNI-E221',
    });
  return async () => (source.kind === 'script' ? [process.execPath, [source.file]] : [source.file, []]);
};

const inTemporary = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'kni-demo-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, {recursive: true, force: true});
  }
};

/** Throws UserError if no KNI server answers at the socket. */
const liveTarget = async (path: string, what: string): Promise<Target> => {
  using client = kniClient(path, () => undefined);
  await client.queryNodeNetworks({}).catch((error: unknown): never => {
    if (!(error instanceof CallFailed)) throw error;
    throw new UserError(
      {
        what: `cannot test the network runtime at ${what}`,
        why: /ENOENT|ECONNREFUSED/.test(error.details)
          ? 'no server is listening on its socket'
          : `QueryNodeNetworks failed: ${error.status}: ${error.details}`,
        tryThis: 'start the runtime, check the path of its socket, and run this command as root',
        code: 'KNI-E118',
      },
      {cause: error},
    );
  });
  return {kind: 'socket', path};
};

/** The socket of the runtime in a node's container, through /proc. */
const socketOfNode = async (world: World, name: string, node: string): Promise<string> => {
  const {host, dirs} = hostAndDirs(world);
  const cluster = await requireCluster({host, dirs}, name, world.signal);
  requireRunning(name, cluster.nodes);
  cluster.node(node); // throws for an unknown node
  const {stdout} = await host.run(inspectPid(node), {signal: world.signal});
  const root = `/proc/${parsePid(stdout)}/root`;
  await access(root).catch((error: unknown): never => {
    throw new UserError(
      {
        what: `cannot reach the files of ${node}`,
        why: 'its docker engine runs on another machine, or this user is not root',
        tryThis: 'run this command as root on the machine of the docker engine',
        code: 'KNI-E311',
      },
      {cause: error},
    );
  });
  return `${root}/run/kni/kni.sock`;
};
