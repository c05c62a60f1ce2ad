/** Arguments of stages and commands in tests: a stack, a machine, nodes as docker prints them. */

import {join} from 'node:path';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import type {Command, Host} from '../../src/host/host.ts';
import type {Machine} from '../../src/host/machine.ts';
import {quoteCommand} from '../../src/host/quote.ts';
import {project} from '../../src/project.ts';
import {loadStack} from '../../src/stacks/load.ts';
import type {DemoContext} from '../../src/stages/context.ts';
import type {NodeContainer} from '../../src/tools/docker.ts';
import {type TempDir, tempDir} from './temp-dir.ts';

export const gibibyte = 2 ** 30;

/** A Debian with room, systemd and every capability; `programs` are on its PATH. */
export const machine = ({
  programs = [],
  ...rest
}: Partial<Machine> & {programs?: readonly string[]} = {}): Machine => ({
  isRoot: true,
  whereIs: async (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
  mirrors: async () => ({debian: 'http://mirror.example/debian', security: undefined}),
  hasSystemd: async () => true,
  lacksCapabilities: async () => false,
  roomAt: async () => ({disk: 100 * gibibyte, memory: 16 * gibibyte, cores: 4}),
  whyNotWritable: async () => undefined,
  cgroupMode: async () => 'v2',
  inotifyInstances: async () => 8192,
  // With another engine, nothing is asked about networks that an engine has left.
  engines: async () => ['dockerd, process 42'],
  ...rest,
});

/** Cache and state lie in `dir`. */
export const demoContext = async (
  dir: TempDir,
  host: Host,
  rest: Partial<DemoContext> = {},
): Promise<DemoContext> => ({
  host,
  machine: machine(),
  dirs: dirsOf(envOf(dir)),
  stack: await loadStack('bookworm', project.stacks),
  architecture: 'amd64',
  cluster: {name: 'test1', workers: 1},
  mayInstall: false,
  ...rest,
});

export const envOf = (dir: TempDir) => ({
  PATH: '/usr/bin',
  XDG_CACHE_HOME: join(dir.path, 'cache'),
  XDG_STATE_HOME: join(dir.path, 'state'),
});

/** One exchange of a transcript. `output` holds its lines, with a failure last. */
export const exchange = (command: Command, ...output: readonly string[]): string =>
  [`$ ${quoteCommand(command)}`, ...output, ''].join('\n');

export const node = (name: string, rest: Partial<NodeContainer> = {}): NodeContainer => ({
  name,
  cluster: 'test1',
  role: name.includes('control-plane') ? 'control-plane' : 'worker',
  running: true,
  system: 'abcdef0123456789',
  mounts: '/lib/modules,0123456789abcdef',
  image: 'kni-demo/node:1',
  stack: 'bookworm',
  ...rest,
});

/** A directory whose state has the record of a cluster: nodes of that name count as ours. */
export const dirWithCluster = async (name = 'test1'): Promise<TempDir> => {
  const dir = await tempDir();
  await writeRecord(dirsOf(envOf(dir)), name, {phase: 'complete', nodeImage: 'kni-demo/node:1'});
  return dir;
};

/** As `docker ps` prints them. */
export const printed = (...nodes: readonly NodeContainer[]): readonly string[] =>
  nodes.map(({running, stack, ...rest}) =>
    JSON.stringify({...rest, state: running ? 'running' : 'exited', stack: stack ?? ''}),
  );

/** Returns the error with which a promise rejects. */
export const rejection = async <T extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => T,
): Promise<T> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof type) return error;
  throw new Error(`expected a ${type.name}`, {cause: error});
};
