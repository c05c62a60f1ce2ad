/** Runs one program to its end, within a time limit; the only place that starts processes for the networks of pods. */
import {type ChildProcess, spawn} from 'node:child_process';
import {setMaxListeners} from 'node:events';
import {closeSync, openSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {setTimeout as delay} from 'node:timers/promises';
import {errorCodeOf} from '../lib/error-code.ts';
import type {Command, Ending} from './command.ts';
import {watchGroup} from './group.ts';
import {inOwnGroup} from './own-group.ts';
import {openShell, type ShellProcess} from './pool/shell.ts';
import {createShellPool} from './pool/shell-pool.ts';
import {isKnownToShells, isNotStarted, tellable} from './pool/shell-script.ts';
import {createSlots} from './slots.ts';

export type {Command, Ending} from './command.ts';

export type Exec = (command: Command) => Promise<Ending>;

const busyRetries = {times: 20, everyMs: 250};

export interface ExecOptions {
  /** Kills what still runs: the network runtime is about to exit. */
  readonly stop?: AbortSignal;
  /** Given to every program. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many programs may run at the same time; see `createSlots` for those that take long. */
  readonly maxConcurrent?: number;
  readonly lateAfterMs?: number;
  /** See `createShellPool`. */
  readonly readyShells?: number;
  /** When to open them; at once without it. */
  readonly openShells?: Promise<unknown>;
  readonly idleShellMs?: number;
  /** For names that are needed for a moment only; what a crash leaves there may be removed. */
  readonly scratchDir?: string;
}

/** A pod runs one program at a time, and a node has 110 pods at most, unless told otherwise. */
const defaults = {maxConcurrent: 64, lateAfterMs: 1000, idleShellMs: 30_000};
/** So many that take long, for each that may run; then all wait. */
const lateShare = 3;

export const createExec = ({
  stop,
  env,
  readyShells = 0,
  openShells,
  scratchDir = tmpdir(),
  ...limits
}: ExecOptions = {}): Exec => {
  const {maxConcurrent, lateAfterMs, idleShellMs} = {...defaults, ...limits};
  if (stop) setMaxListeners(0, stop); // one for each program that runs is no leak
  const slots = createSlots({max: maxConcurrent, maxLate: lateShare * maxConcurrent, lateAfterMs});
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CNI_'));
  const base: NodeJS.ProcessEnv = {...Object.fromEntries(inherited), ...env};
  const umask = process.umask(); // as it is now: it is another one while a socket is made
  const names = new Set(Object.keys(base));
  const open = async () => {
    const child = start('sh', inOwnGroup('sh'), base, 'ignore');
    if (!hasPipes(child)) throw await failure(child);
    return openShell(child, umask, names, scratchDir);
  };
  const shells = createShellPool({open, ready: readyShells, when: openShells, idleMs: idleShellMs});
  stop?.addEventListener('abort', () => shells.close());

  const runOnce = async (command: Command): Promise<Ending> => {
    if (stop?.aborted) return {kind: 'stopped'};
    const path = tellable(command, base['PATH'] ?? '');
    const shell = path && (await shells.take());
    if (!shell) return runDirectly(command, base, stop);
    const ending = stop?.aborted ? undefined : await shell.run(command, path, stop);
    shells.giveBack(shell);
    return ending ?? runDirectly(command, base, stop);
  };
  return async (command) => {
    for (let attempt = 0; ; attempt++) {
      const ending = await slots(() => runOnce(command));
      // A plugin that is being replaced is open for writing for a moment; libcni waits up to 5 s as well.
      const busy = ending.kind === 'not-started' && errorCodeOf(ending.error) === 'ETXTBSY';
      if (!busy || attempt >= busyRetries.times || stop?.aborted) return ending;
      await delay(busyRetries.everyMs);
    }
  };
};

/** Slow (see shell.ts), but takes everything, and tells why a program cannot be started. */
const runDirectly = async (
  command: Command,
  base: NodeJS.ProcessEnv,
  stop: AbortSignal | undefined,
): Promise<Ending> => {
  const {file, args = [], env = {}} = command;
  if (!isKnownToShells(env)) return spawnProgram(command, base, stop);
  const ending = await spawnProgram({...command, file: 'sh', args: inOwnGroup(file, args)}, base, stop);
  const isStarted =
    ending.kind === 'exited'
      ? !isNotStarted(file, ending.exitCode, ending.stdout, ending.stderr)
      : ending.kind !== 'not-started';
  // Without a shell in between the system tells why the program cannot be started.
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
    return {kind: 'not-started', error}; // ETXTBSY and E2BIG are thrown
  }
  const {stdin, stdout, stderr} = child;
  if (!(hasPipes(child) && stdin && stdout && stderr))
    return {kind: 'not-started', error: await failure(child)};
  return watchGroup({leader: child, stdout, stderr}, command, stop, (watch) => {
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
    stdin.on('error', () => undefined); // EPIPE: a program need not read its stdin
    stdin.end(command.stdin ?? '');
  });
};

/**
 * Detached makes the program leader of a process group of its own, so that the whole group can be killed. Throws when there
 * are too few descriptors.
 */
const start = (
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stderr: 'pipe' | 'ignore',
): ChildProcess => {
  tryDescriptors();
  return spawn(file, args, {detached: true, stdio: ['pipe', 'pipe', stderr], env});
};

/** Both ends of three pipes, and of the one by which libuv learns whether the program has started. */
const descriptorsOfStart = 8;

/** When these run out half-way, `spawn` fails without closing those that it has opened, and they are lost. */
const tryDescriptors = (): void => {
  const opened: number[] = [];
  try {
    while (opened.length < descriptorsOfStart) opened.push(openSync('/dev/null', 'r'));
  } finally {
    for (const fd of opened) closeSync(fd);
  }
};

/** Without a descriptor left there are no pipes. */
const hasPipes = (child: ChildProcess): child is ChildProcess & ShellProcess =>
  Boolean(child.stdin && child.stdout);

const failure = (child: ChildProcess): Promise<Error> =>
  new Promise((resolve) => {
    child.once('error', resolve);
  });
