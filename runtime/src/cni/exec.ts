/** Runs one program to its end, within a time limit; the only place of the network runtime that starts processes. */
import {type ChildProcess, type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {setMaxListeners} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {errorCodeOf} from '../error-code.ts';
import {collect} from './output.ts';
import {createPlaces} from './places.ts';

export interface Command {
  readonly file: string;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** Added to the environment of the network runtime, of which nothing named CNI_… is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the run; waiting for a turn does not count. */
  readonly timeoutMs: number;
}

/** How a program ended. What that means is the caller's to say. */
export type Ending =
  | {readonly how: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string}
  | {readonly how: 'signalled'; readonly signal: string; readonly stderr: string}
  | {readonly how: 'timed-out'; readonly ms: number; readonly stderr: string}
  | {readonly how: 'stopped'}
  | {readonly how: 'too-much-output'; readonly limit: number}
  | {readonly how: 'not-started'; readonly error: unknown};

export type Exec = (command: Command) => Promise<Ending>;

const outputLimit = 1024 * 1024;
const deathLimitMs = 1000;
const busyRetries = {times: 20, everyMs: 250};

export interface ExecOptions {
  /** Kills what still runs: the network runtime is about to exit. */
  readonly stop?: AbortSignal;
  /** Given to every program. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many programs may run at the same time; see `createPlaces` for those that take long. */
  readonly maxConcurrent?: number;
  readonly lateAfterMs?: number;
}

/** A pod runs one program at a time, and a node has 110 pods at most, unless told otherwise. */
const defaults = {maxConcurrent: 64, lateAfterMs: 1000};
/** So many that take long, for each that may run; then all wait. */
const lateShare = 3;

export const createExec = ({stop, env, ...limits}: ExecOptions = {}): Exec => {
  const {maxConcurrent, lateAfterMs} = {...defaults, ...limits};
  if (stop) setMaxListeners(0, stop); // one for each program that runs is no leak
  const places = createPlaces({max: maxConcurrent, maxLate: lateShare * maxConcurrent, lateAfterMs});
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CNI_'));
  const base = {...Object.fromEntries(inherited), ...env};
  return async (command) => {
    for (let attempt = 0; ; attempt++) {
      const ending = await places(() => runOnce(command, base, stop));
      // A plugin that is being replaced is open for writing for a moment; libcni waits up to 5 s as well.
      const busy = ending.how === 'not-started' && errorCodeOf(ending.error) === 'ETXTBSY';
      if (!busy || attempt >= busyRetries.times || stop?.aborted) return ending;
      await delay(busyRetries.everyMs);
    }
  };
};

const runOnce = async (
  command: Command,
  base: NodeJS.ProcessEnv,
  stop: AbortSignal | undefined,
): Promise<Ending> => {
  if (stop?.aborted) return {how: 'stopped'};
  let child: ChildProcessWithoutNullStreams;
  try {
    // Detached makes the program leader of a process group of its own, so that the whole group can be killed.
    child = spawn(command.file, command.args ?? [], {
      detached: true,
      stdio: 'pipe',
      env: {...base, ...command.env},
    });
  } catch (error) {
    return {how: 'not-started', error}; // ETXTBSY and E2BIG are thrown
  }
  return await (hasPipes(child) ? ended(child, command, stop) : notStarted(child));
};

/** Without a descriptor left there are no pipes, whatever the type says. */
const hasPipes = ({stdin, stdout, stderr}: Partial<ChildProcessWithoutNullStreams>): boolean =>
  [stdin, stdout, stderr].every(Boolean);

const notStarted = (child: ChildProcess): Promise<Ending> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({how: 'not-started', error}));
  });

const ended = (
  child: ChildProcessWithoutNullStreams,
  command: Command,
  stop: AbortSignal | undefined,
): Promise<Ending> =>
  new Promise((resolve) => {
    const settle = (ending: Ending) => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(ending);
    };
    // A grandchild, such as a delegated IPAM plugin, may ignore SIGTERM and hold stdout open: killing the group
    // and letting go of the pipes is what ends this for certain. What undoes the program's work must not start
    // before it is gone; but a process stuck in the kernel does not go, hence the limit.
    const kill = (ending: Ending) => {
      child.removeAllListeners('close');
      child.once('exit', () => settle(ending));
      setTimeout(() => settle(ending), deathLimitMs).unref();
      killGroup(child);
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      if (child.exitCode !== null || child.signalCode !== null) settle(ending);
    };
    const onStop = () => kill({how: 'stopped'});
    const tooMuch = () => kill({how: 'too-much-output', limit: outputLimit});
    const stdout = collect(child.stdout, outputLimit, tooMuch);
    const stderr = collect(child.stderr, outputLimit, tooMuch);
    const timer = setTimeout(
      () => kill({how: 'timed-out', ms: command.timeoutMs, stderr: stderr()}),
      command.timeoutMs,
    );
    stop?.addEventListener('abort', onStop);

    child.on('error', (error) => settle({how: 'not-started', error}));
    child.on('close', (exitCode, signal) => {
      if (signal) settle({how: 'signalled', signal, stderr: stderr()});
      else settle({how: 'exited', exitCode: exitCode ?? -1, stdout: stdout(), stderr: stderr()});
    });
    child.stdin.on('error', () => undefined); // EPIPE: a program need not read its stdin
    child.stdin.end(command.stdin ?? '');
  });

const killGroup = ({pid}: {readonly pid?: number | undefined}) => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the whole group has ended by itself
  }
};
