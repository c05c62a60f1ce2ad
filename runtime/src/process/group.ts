/** Watches the process group of a command: collects its output, and kills the group on timeout, stop or excess output. */
import {readdirSync, readFileSync} from 'node:fs';
import type {Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Ending} from './command.ts';
import type {Collect} from './output.ts';

const outputLimit = 1024 * 1024;
const deathLimitMs = 1000;

type OnExit = (exitCode: number | null, signal: NodeJS.Signals | null) => void;

/** The part of a ChildProcess that this module uses; the process must be the leader of its process group. */
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
  readonly stdout: Collect;
  readonly stderr: Collect;
}

export interface Watch {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly settle: (ending: Ending) => void;
  /** Starts the time limit. */
  readonly limit: (timeoutMs: number) => void;
  /** Kills the group, and reports `ending` when all its processes have ended. */
  readonly kill: (ending: Ending) => void;
}

/** `begin` gets the function that reports the ending; after the group was killed, its report is ignored. */
export const watchGroup = (
  {leader, ...output}: Group,
  stop: AbortSignal | undefined,
  begin: (watch: Watch) => void,
): Promise<Ending> =>
  new Promise((resolve) => {
    let isKilled = false;
    let isFinished = false;
    let timer: NodeJS.Timeout | undefined;
    const finish = (ending: Ending) => {
      isFinished = true;
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
      resolve(ending);
    };
    // A grandchild, such as a delegated IPAM plugin, may ignore SIGTERM and keep stdout open, so the whole group is
    // killed and the pipes are destroyed. The caller may undo the program's work next, so this waits until the group
    // is gone. A process that is stuck in the kernel never goes, hence the limit.
    const kill = (ending: Ending) => {
      if (isKilled || isFinished) return;
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
    const stdout = output.stdout(outputLimit, tooMuch);
    const stderr = output.stderr(outputLimit, tooMuch);
    stop?.addEventListener('abort', onStop);
    begin({
      stdout: stdout.text,
      stderr: stderr.text,
      settle: (ending) => {
        if (!isKilled) finish(ending);
      },
      limit: (ms) => {
        if (!isFinished) timer = setTimeout(() => kill({kind: 'timed-out', ms, stderr: stderr.text()}), ms);
      },
      kill,
    });
  });

export const killGroup = ({pid}: {readonly pid?: number | undefined}): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the whole group has already ended
  }
};

/** Resolves when no process of the group runs, or at the latest after `deathLimitMs`. */
const gone = async ({pid = 0}: Leader): Promise<void> => {
  const begun = performance.now();
  let nextLookMs = 20; // PID 1 usually reaps orphans sooner
  for (let ms = 0; ms < deathLimitMs; ms = performance.now() - begun) {
    try {
      process.kill(-pid, 0);
    } catch {
      return; // ESRCH
    }
    if (ms > nextLookMs) {
      if (hasOnlyZombies(pid)) return;
      nextLookMs = 2 * ms; // a look takes some milliseconds
    }
    await delay(2);
  }
};

/**
 * A zombie does nothing any more, except that its other threads may still end. PID 1 of a container may reap orphans late or
 * never.
 */
const hasOnlyZombies = (group: number): boolean =>
  processes()?.every((pid) => {
    const fields = statusOf(pid);
    const [state, , itsGroup] = fields;
    return itsGroup !== String(group) || (state === 'Z' && Number(fields[threadsField]) <= 1);
  }) ?? false;

/** Undefined when no descriptor is left. */
const processes = (): string[] | undefined => {
  try {
    return readdirSync('/proc');
  } catch {
    return undefined;
  }
};

/** As in proc_pid_stat(5), without pid and name. */
const threadsField = 17;

/** From the state on; empty for a process that has ended. The name in parentheses before it may contain anything. */
const statusOf = (pid: string): string[] => {
  try {
    const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '';
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
};
