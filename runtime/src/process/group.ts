/** Watches over a process group that works for a command: what it prints, how long it takes, and its end by force. */
import type {Readable, Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Command, Ending} from './command.ts';
import {collect} from './output.ts';

const outputLimit = 1024 * 1024;
const deathLimitMs = 1000;

type OnExit = (exitCode: number | null, signal: NodeJS.Signals | null) => void;

/** What is needed here of a ChildProcess: one that is leader of a process group. */
export interface Leader {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stdin: Writable | null;
  once(event: 'exit', listener: OnExit): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'exit', listener: OnExit): unknown;
}

export interface Group {
  readonly leader: Leader;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export interface Watch {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly settle: (ending: Ending) => void;
}

/** `begin` is called with the means to say how it ended; after an end by force it has no say any more. */
export const watchGroup = (
  {leader, stdout, stderr}: Group,
  {timeoutMs}: Command,
  stop: AbortSignal | undefined,
  begin: (watch: Watch) => void,
): Promise<Ending> =>
  new Promise((resolve) => {
    let isKilled = false;
    const finish = (ending: Ending) => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(ending);
    };
    // A grandchild, such as a delegated IPAM plugin, may ignore SIGTERM and hold stdout open: killing the group
    // and letting go of the pipes is what ends this for certain. What undoes the program's work must not start
    // before it is gone; but a process stuck in the kernel does not go, hence the limit.
    const kill = (ending: Ending) => {
      if (isKilled) return;
      isKilled = true;
      const ended = () => void gone(leader).then(() => finish(ending));
      leader.once('exit', ended);
      setTimeout(() => finish(ending), deathLimitMs).unref();
      killGroup(leader);
      for (const stream of [leader.stdin, stdout, stderr]) stream?.destroy();
      if (leader.exitCode !== null || leader.signalCode !== null) ended();
    };
    const onStop = () => kill({kind: 'stopped'});
    const tooMuch = () => kill({kind: 'too-much-output', limit: outputLimit});
    const said = collect(stdout, outputLimit, tooMuch);
    const complained = collect(stderr, outputLimit, tooMuch);
    const timer = setTimeout(() => kill({kind: 'timed-out', ms: timeoutMs, stderr: complained()}), timeoutMs);
    stop?.addEventListener('abort', onStop);
    begin({
      stdout: said,
      stderr: complained,
      settle: (ending) => {
        if (!isKilled) finish(ending);
      },
    });
  });

export const killGroup = ({pid}: {readonly pid?: number | undefined}): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the whole group has ended by itself
  }
};

/** The leader goes first or last, as it happens: resolves when nobody of its group is left, in time in any case. */
const gone = async ({pid = 0}: Leader): Promise<void> => {
  for (const end = performance.now() + deathLimitMs; performance.now() < end; await delay(2)) {
    try {
      process.kill(-pid, 0);
    } catch {
      return; // ESRCH
    }
  }
};
