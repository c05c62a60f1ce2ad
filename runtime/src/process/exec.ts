/** Runs one program until it ends or times out. Every program of the network runtime but flock(1) starts here. */
import {type ChildProcess, spawn} from 'node:child_process';
import {setMaxListeners} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {setTimeout as delay} from 'node:timers/promises';
import {errorCodeOf} from '../lib/error-code.ts';
import type {Command, Ending, LaterInput} from './command.ts';
import {createEarlyProgram, type EarlyProgram} from './early-program.ts';
import {watchGroup} from './group.ts';
import {collectStream} from './output.ts';
import {inOwnGroup} from './own-group.ts';
import {openShell, type ShellProcess} from './pool/shell.ts';
import {createShellPool} from './pool/shell-pool.ts';
import {hasShellNames, isNotStarted, shellPathOf} from './pool/shell-script.ts';
import {createSlots} from './slots.ts';

export type {Command, Ending} from './command.ts';

export type Exec = (command: Command) => Promise<Ending>;

/** A program that stays and reads commands. Its stdout carries its stderr, too. */
export type LongLived = ShellProcess;

/** Starts programs. */
export interface Programs extends Exec {
  /** Starts a program that ends when its stdin ends. Rejects if it cannot be started. */
  readonly startLongLived: (command: readonly string[]) => Promise<LongLived>;
  /** Starts a program before its stdin is known. Returns undefined if all slots are taken. */
  readonly startEarly: (command: Omit<Command, 'stdin' | 'timeoutMs'>) => EarlyProgram | undefined;
}

const busyRetries = {times: 20, everyMs: 250};

export interface ExecOptions {
  /** Kills all running programs when the network runtime is about to exit. */
  readonly stop?: AbortSignal;
  /** Added to the environment of every program. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many programs may run at the same time; `createSlots` says how slow ones count. */
  readonly maxConcurrent?: number;
  readonly lateAfterMs?: number;
  /** `ready` of `createShellPool`. */
  readonly readyShells?: number;
  /** The ready shells are opened when this resolves; without it, at once. */
  readonly openShells?: Promise<unknown>;
  readonly idleShellMs?: number;
  /** For short-lived files; anything left there by a crash may be removed. */
  readonly scratchDir?: string;
}

/** One pod needs one program at a time, and a node has 110 pods by default. */
const defaults = {maxConcurrent: 64, lateAfterMs: 1000, idleShellMs: 30_000};
/** For every program that may run, this many slow ones may run in addition. */
const lateShare = 3;

export const createExec = ({
  stop,
  env,
  readyShells = 0,
  openShells,
  scratchDir = tmpdir(),
  ...limits
}: ExecOptions = {}): Programs => {
  const {maxConcurrent, lateAfterMs, idleShellMs} = {...defaults, ...limits};
  if (stop) setMaxListeners(0, stop); // one listener per running program is not a leak
  const slots = createSlots({max: maxConcurrent, maxLate: lateShare * maxConcurrent, lateAfterMs});
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CNI_'));
  const base: NodeJS.ProcessEnv = {...Object.fromEntries(inherited), ...env};
  const umask = process.umask(); // read once: the server changes it for a moment while it binds its socket
  const names = new Set(Object.keys(base));
  const startShell = async (args: readonly string[]): Promise<LongLived> => {
    if (stop?.aborted) throw new Error('the network runtime is stopping');
    requireDescriptors(descriptorsOfShell);
    const child = start('sh', inOwnGroup('sh', args), base, 'ignore');
    if (!hasPipes(child) || child.pid === undefined) throw await failure(child);
    return child;
  };
  let opened = 0;
  const open = async () => {
    const label = ['kni-plugin-starter', String(++opened)]; // -s: reads commands from stdin, and ignores the label
    return openShell(await startShell(['-s', ...label]), umask, names, scratchDir);
  };
  const shells = createShellPool({open, ready: readyShells, when: openShells, idleMs: idleShellMs});
  stop?.addEventListener('abort', () => shells.close());

  const runOnce = async (command: Command): Promise<Ending> => {
    if (stop?.aborted) return {kind: 'stopped'};
    const path = shellPathOf(command, base['PATH'] ?? '');
    const shell = path && (await shells.take());
    if (!shell) return runDirectly(command, base, stop);
    const ending = stop?.aborted ? undefined : await shell.run(command, path, stop);
    shells.giveBack(shell);
    return ending ?? runDirectly(command, base, stop);
  };
  const exec: Exec = async (command) => {
    for (let attempt = 0; ; attempt++) {
      const ending = await slots(() => runOnce(command));
      // ETXTBSY: the plugin is just being replaced. libcni retries for up to 5 s as well.
      const busy = ending.kind === 'not-started' && errorCodeOf(ending.error) === 'ETXTBSY';
      if (!busy || attempt >= busyRetries.times || stop?.aborted) return ending;
      await delay(busyRetries.everyMs);
    }
  };
  const runEarly = async (command: Command, input: LaterInput): Promise<Ending | undefined> => {
    const path = shellPathOf(command, base['PATH'] ?? '');
    const shell = path && (await shells.take());
    if (!shell) return undefined;
    const ending = stop?.aborted ? undefined : await shell.run(command, path, stop, input);
    shells.giveBack(shell);
    return ending;
  };
  return Object.assign(exec, {
    startEarly: (command: Omit<Command, 'stdin' | 'timeoutMs'>) => {
      const slot = slots.takeFree();
      if (!slot) return undefined;
      const run = (input: LaterInput) =>
        runEarly({...command, timeoutMs: 0}, input).finally(() => slot.leave());
      return createEarlyProgram(run, (given) => exec({...command, ...given}));
    },
    startLongLived: async (command: readonly string[]) => {
      const child = await startShell(['-c', 'exec "$@" 2>&1', 'sh', ...command]);
      stop?.addEventListener('abort', () => child.stdin.end(), {once: true});
      return child;
    },
  });
};

/** Starts the program without the pool: slower (see pool/shell.ts), but without limits on arguments and input. */
const runDirectly = async (
  command: Command,
  base: NodeJS.ProcessEnv,
  stop: AbortSignal | undefined,
): Promise<Ending> => {
  const {file, args = [], env = {}} = command;
  if (!hasShellNames(env)) return spawnProgram(command, base, stop);
  const ending = await spawnProgram({...command, file: 'sh', args: inOwnGroup(file, args)}, base, stop);
  const isStarted =
    ending.kind === 'exited'
      ? !isNotStarted(file, ending.exitCode, ending.stdout, ending.stderr)
      : ending.kind !== 'not-started';
  // A shell hides the system's error: starting the program directly reports it.
  return isStarted ? ending : spawnProgram(command, base, stop);
};

const spawnProgram = async (
  command: Command,
  base: NodeJS.ProcessEnv,
  stop: AbortSignal | undefined,
): Promise<Ending> => {
  if (stop?.aborted) return {kind: 'stopped'};
  let child: ChildProcess;
  try {
    child = start(command.file, command.args ?? [], {...base, ...command.env}, 'pipe');
  } catch (error) {
    return {kind: 'not-started', error}; // spawn throws ETXTBSY and E2BIG
  }
  const {stdin, stdout, stderr} = child;
  if (!(hasPipes(child) && stdin && stdout && stderr))
    return {kind: 'not-started', error: await failure(child)};
  const group = {leader: child, stdout: collectStream(stdout), stderr: collectStream(stderr)};
  return watchGroup(group, stop, (watch) => {
    watch.limit(command.timeoutMs);
    child.on('error', (error) => watch.settle({kind: 'not-started', error}));
    child.on('close', (exitCode, signal) => {
      if (signal) watch.settle({kind: 'signalled', signal, stderr: watch.stderr()});
      else
        watch.settle({
          kind: 'exited',
          exitCode: exitCode ?? -1,
          stdout: watch.stdout(),
          stderr: watch.stderr(),
        });
    });
    stdin.on('error', () => undefined); // EPIPE: a program may ignore its stdin
    stdin.end(command.stdin ?? '');
  });
};

/**
 * `detached` makes the program the leader of a new process group, so that the whole group can be killed. Throws EMFILE
 * without enough free descriptors.
 */
const start = (
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stderr: 'pipe' | 'ignore',
): ChildProcess => {
  requireDescriptors(descriptorsOfStart);
  return spawn(file, args, {detached: true, stdio: ['pipe', 'pipe', stderr], env});
};

/** Both ends of stdin, stdout and stderr, and of the pipe through which libuv learns whether exec succeeded. */
const descriptorsOfStart = 8;
/** Each idle shell holds five descriptors. The others are for programs: three for each one that runs in a shell. */
const descriptorsOfShell = 20;

/** When descriptors run out half-way, `spawn` leaks those that it has already opened. So this checks first. */
const requireDescriptors = (count: number): void => {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync('/dev/null', 'r'));
  } finally {
    for (const fd of opened) closeSync(fd);
  }
};

/** A child has no pipes when no descriptors are left. */
const hasPipes = (child: ChildProcess): child is ChildProcess & ShellProcess =>
  Boolean(child.stdin && child.stdout);

const failure = (child: ChildProcess): Promise<Error> =>
  new Promise((resolve) => {
    child.once('error', resolve);
  });
