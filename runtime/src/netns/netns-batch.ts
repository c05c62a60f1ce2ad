/**
 * Adds and deletes netns through one long-lived `ip -force -batch -`: starting a program for each takes several times as
 * long. The process unshares a netns, mounts it and returns to its own one, so it holds no netns of a pod.
 *
 * A successful command prints nothing. So a marker, a command that ip does not know, follows each command, and ip's complaint
 * about the marker shows that the command is done. stdout and stderr must be one pipe: the order of two is unknown. Any other
 * line means a failure. The process is killed then, and the caller does the work in another way.
 */
import {Socket} from 'node:net';
import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import type {LongLived} from '../process/exec.ts';
import {killGroup} from '../process/group.ts';

export interface NetnsBatch {
  /**
   * Runs one command, such as `netns add NAME`. Returns false if it failed or its outcome is unknown; the process that ran it
   * has ended then.
   */
  run(command: string): Promise<boolean>;
}

export interface NetnsBatchOptions {
  readonly open: () => Promise<LongLived>;
  /** The process is opened when this resolves, or with the first command. */
  readonly when?: Promise<unknown> | undefined;
  readonly timeoutMs?: number;
}

export const batchCommand = ['ip', '-force', '-batch', '-'] as const;

/** Bounds what ip leaks. */
const commandsPerProcess = 1000;
/** If the first command of a process fails, for example because ip is missing, the next process starts this much later. */
const pauseMs = 60_000;
const deathLimitMs = 1000;

export const createNetnsBatch = ({open, when, timeoutMs = 5000}: NetnsBatchOptions): NetnsBatch => {
  let current: Promise<Session | undefined> | undefined;
  let pausedUntil = 0;
  const pause = () => {
    pausedUntil = performance.now() + pauseMs;
    return undefined;
  };
  const openOne = async (): Promise<Session | undefined> =>
    performance.now() < pausedUntil
      ? undefined
      : await open().then((child) => createSession(child, timeoutMs), pause);
  const session = () => (current ??= openOne());
  void when?.then(session);
  return {
    run: async (command) => {
      const opening = session();
      const opened = await opening;
      const isDone = (await opened?.run(command)) ?? false;
      if (isDone && opened && opened.begun() < commandsPerProcess) return true;
      if (current === opening) current = undefined;
      if (isDone) opened?.end();
      else if (opened?.succeeded() === 0) pause();
      return isDone;
    },
  };
};

interface Session {
  run(command: string): Promise<boolean>;
  begun(): number;
  succeeded(): number;
  /** The process ends after the commands that it was given. */
  end(): void;
}

interface Pending {
  readonly marker: string;
  readonly settle: (isDone: boolean) => void;
  isMarked: boolean;
}

const createSession = (child: LongLived, timeoutMs: number): Session => {
  const pending: Pending[] = [];
  let begun = 0;
  let succeeded = 0;
  let failing: Promise<void> | undefined;
  child.unref(); // an idle process must not keep the network runtime from exiting
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref();
  child.stdin.on('error', () => undefined); // EPIPE: the exit event reports it

  const settleAll = () => {
    for (const {settle} of pending.splice(0)) settle(false);
  };
  /** The caller repeats the work, so this waits for the end of the process. */
  const killAndFail = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      killGroup(child);
      await Promise.race([exitOf(child), delay(deathLimitMs)]);
    }
    settleAll();
  };
  const fail = () => {
    failing ??= killAndFail();
  };
  const lines = createInterface({input: child.stdout});
  lines.on('close', fail); // not the exit event, which may come before the last lines
  lines.on('line', (line) => {
    if (failing) return; // the marker that follows a failure
    const [first] = pending;
    if (first && !first.isMarked && line.startsWith(`Object "${first.marker}" `)) first.isMarked = true;
    else if (first?.isMarked && line.startsWith('Command failed ')) {
      pending.shift();
      succeeded++;
      first.settle(true);
    } else fail();
  });
  return {
    run: async (command) => {
      if (failing) await failing;
      if (failing || child.exitCode !== null) return false;
      const marker = `done-${++begun}`;
      const timer = setTimeout(fail, timeoutMs);
      const isDone = await new Promise<boolean>((settle) => {
        pending.push({marker, settle, isMarked: false});
        child.stdin.write(`${command}\n${marker}\n`);
      });
      clearTimeout(timer);
      return isDone;
    },
    begun: () => begun,
    succeeded: () => succeeded,
    end: () => child.stdin.end(),
  };
};

const exitOf = (child: LongLived): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
