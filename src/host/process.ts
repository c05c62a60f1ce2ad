/** Runs commands on this machine. Only this file starts programs. */

import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {seconds} from '../duration.ts';
import type {Attach} from './attach.ts';
import {CommandError} from './command-error.ts';
import type {Command, CommandResult, Host, RunOptions} from './host.ts';
import {collect} from './output.ts';
import {endGroup, watchGroup} from './process-group.ts';

export interface LocalHostOptions {
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly grace?: number;
  /** Milliseconds to wait for output after the command has exited: a daemon that it started may keep the pipe open. */
  readonly linger?: number;
  /** Characters kept of each output. With `onLine` the end is kept; without it, longer output is a failure. */
  readonly limit?: number;
}

const keptLines = 20;

/** Runs commands on this machine, without a terminal. Each command leads its own process group. */
export const localHost = ({grace = 5_000, linger = 500, limit = 2 ** 26}: LocalHostOptions = {}): Host => ({
  run: (command, options = {}) => runCommand(command, options, {grace, linger, limit}),
});

/** A program that a signal ended has the exit code 128 plus the signal's number, as in a shell. */
export const attach: Attach = async ([file, args], {env, signal}) => {
  const child = execa(file, args, {stdio: 'inherit', reject: false, env});
  // Ctrl-C in a terminal reaches the program, too. A signal to this process only is passed on.
  const onAbort = (): void => void child.kill(/SIGTERM/.test(String(signal.reason)) ? 'SIGTERM' : 'SIGINT');
  signal.addEventListener('abort', onAbort, {once: true});
  const {exitCode, signal: endedBy, originalMessage} = await child;
  signal.removeEventListener('abort', onAbort);
  if (endedBy !== undefined) return 128 + constants.signals[endedBy];
  if (exitCode !== undefined) return exitCode;
  throw new CommandError([file, args], {reason: originalMessage ?? 'could not be started'});
};

const runCommand = async (
  command: Command,
  options: RunOptions,
  {grace, linger, limit}: Required<LocalHostOptions>,
): Promise<CommandResult> => {
  if (options.signal?.aborted) throw new CommandError(command, {reason: 'cancelled'});
  const child = start(command, options);
  const last: string[] = [];
  const onLine = (line: string): void => {
    last.push(line);
    if (last.length > keptLines) last.shift();
    options.onLine?.(line);
  };
  const stdout = collect(child.stdout, limit, onLine);
  const stderr = collect(child.stderr, limit, onLine);
  const forget = child.pid === undefined ? undefined : watchGroup(child.pid);
  const stopper = stopOn(child.pid, options, options.grace ?? grace);

  try {
    await exitOf(child);
    const stopped = await stopper.settled();
    await atMost(linger, Promise.all([stdout.closed, stderr.closed]));
    child.stdout.destroy();
    child.stderr.destroy();
    const result = await child;
    const tooMuch = options.onLine === undefined && (stdout.overflowed() || stderr.overflowed());
    const reason =
      stopped ?? (tooMuch ? `printed more than ${limit} characters` : reasonOf(result, options.cwd));
    if (reason === undefined) return {stdout: stdout.text(), stderr: stderr.text()};
    throw new CommandError(
      command,
      {reason, output: last.join('\n'), exitStatus: result.exitCode},
      {cause: result.cause},
    );
  } finally {
    forget?.();
  }
};

const start = ([file, args]: Command, {cwd, env, input, holdInput}: RunOptions) =>
  execa(file, args, {
    ...(cwd !== undefined && {cwd}),
    ...(env !== undefined && {env}),
    ...(holdInput ? {stdin: 'pipe' as const} : input === undefined ? {stdin: 'ignore' as const} : {input}),
    buffer: false,
    detached: true,
    reject: false,
  });

type Child = ReturnType<typeof start>;

/** Resolves when the program has exited or could not be started, even if its children keep its pipes open. */
const exitOf = (child: Child): Promise<unknown> =>
  Promise.race([child, new Promise((resolve) => child.once('exit', resolve))]);

/** Ends the group when the signal aborts or the timeout expires, unless `settled` was called before. */
const stopOn = (pid: number | undefined, {signal, timeout}: RunOptions, grace: number) => {
  let stopped: {readonly reason: string; readonly ended: Promise<void>} | undefined;
  const stop = (reason: string): void => {
    if (pid !== undefined) stopped ??= {reason, ended: endGroup(pid, grace)};
  };
  const onAbort = (): void => stop('cancelled');
  signal?.addEventListener('abort', onAbort, {once: true});
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => stop(`timed out after ${seconds(timeout)}`), timeout);
  return {
    /** Why the command was stopped, after its whole group has ended. Undefined when it exited by itself. */
    async settled(): Promise<string | undefined> {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      await stopped?.ended;
      return stopped?.reason;
    },
  };
};

const atMost = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const over = new AbortController();
  const timer = sleep(ms, undefined, {signal: over.signal}).catch(() => undefined);
  await Promise.race([work, timer]);
  over.abort();
};

const reasonOf = (result: Awaited<Child>, cwd: string | undefined): string | undefined => {
  if (!result.failed) return undefined;
  if (result.code === 'ENOENT') {
    return cwd !== undefined && !existsSync(cwd) ? `no such directory ${cwd}` : 'not found';
  }
  if (result.code === 'EACCES') return 'not executable';
  if (result.signal !== undefined) return `killed by ${result.signal}`;
  if (result.exitCode !== undefined) return `exit code ${result.exitCode}`;
  return result.originalMessage ?? 'could not be started';
};
