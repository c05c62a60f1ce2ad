/**
 * A shell that starts programs for the network runtime, one at a time. When Node.js starts a program itself, its event
 * loop stands still for about 6 ms, because the kernel copies the page tables of its large process. A shell of 1 MB
 * forks in a fraction of that. `ps` and `systemctl status` show it as `sh -s kni-plugin-starter NUMBER`.
 *
 * The network runtime writes one command at a time to the shell's stdin; the shell prints the exit status to its stdout.
 * stdout and stderr of the program are fifos, which are reopened for every program. Like a pipe, a fifo reports its end
 * only when the last writer has closed it, so late output of a grandchild cannot reach the output of the next program.
 * stdin is a here-document, or a third fifo if it is not known when the program starts.
 */
import {randomUUID} from 'node:crypto';
import {closeSync, constants as fsConstants, openSync} from 'node:fs';
import {mkdir, mkdtemp, rmdir, unlink} from 'node:fs/promises';
import {Socket} from 'node:net';
import {constants} from 'node:os';
import {join} from 'node:path';
import type {Readable, Writable} from 'node:stream';
import type {Command, Ending, LaterInput} from '../command.ts';
import {killGroup, type Leader, watchGroup} from '../group.ts';
import {openWriteEnd} from './later-input.ts';
import {type FifoPaths, isNotStarted, openingOf, scriptOf} from './shell-script.ts';

/** The part of a ChildProcess running `sh` that this module uses. */
export interface ShellProcess extends Leader {
  readonly stdin: Writable;
  readonly stdout: Readable;
  unref(): void;
}

export interface Shell {
  /** Returns undefined if the shell could not start the program: its reason is only text for people. */
  run(
    command: Command,
    path: string,
    stop: AbortSignal | undefined,
    input?: LaterInput,
  ): Promise<Ending | undefined>;
  /** False after the shell has exited or was killed. */
  isUsable(): boolean;
  close(): void;
}

interface Fifos {
  readonly paths: FifoPaths;
  close(): void;
}

const readEnd = fsConstants.O_RDONLY | fsConstants.O_NONBLOCK;
/** O_PATH: neither reads nor writes, so it does not keep the fifo of stdin open. Node.js has no name for it. */
const pathOnly = 0o10000000;
const signalBase = 128;

/** Rejects when the shell does not start, descriptors have run out, or a fifo cannot be created. */
export const openShell = async (
  child: ShellProcess,
  umask: number,
  inherited: ReadonlySet<string>,
  scratch: string,
): Promise<Shell> => {
  child.stdin.on('error', () => undefined); // EPIPE: the exit event reports the reason
  const fifos = await makeFifos(child, umask, inherited, scratch).catch((error: unknown) => {
    killGroup(child);
    throw error;
  });
  // An idle shell must not keep the network runtime from exiting.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref();
  let usable = true;
  const abandon = () => {
    usable = false;
    fifos.close();
  };
  if (child.exitCode !== null || child.signalCode !== null) abandon();
  child.once('exit', abandon);

  const run = async (
    command: Command,
    path: string,
    stop: AbortSignal | undefined,
    input?: LaterInput,
  ): Promise<Ending | undefined> => {
    const [stdout, stderr] = [reader(fifos.paths.stdout), reader(fifos.paths.stderr)];
    const writeEnd = input && openWriteEnd(fifos.paths.stdin);
    if (!stdout || !stderr || (input && !writeEnd)) {
      for (const each of [stdout, stderr]) each?.destroy();
      writeEnd?.close();
      return undefined;
    }
    const endMark = `end-${randomUUID()}`; // random, so that it cannot occur in the stdin of a program
    const ending = await watchGroup({leader: child, stdout, stderr}, stop, (watch) => {
      const settle = (status: number) => {
        child.off('exit', onExit);
        watch.settle(endingOf(status, watch.stdout(), watch.stderr()));
      };
      // The shell was killed from outside, for example by a program that signals its whole process group.
      const onExit = (status: number | null, signal: NodeJS.Signals | null) => {
        killGroup(child);
        settle(signal ? signalBase + constants.signals[signal] : (status ?? -1));
      };
      child.once('exit', onExit);
      void Promise.all([firstChunkOf(child.stdout), closeOf(stdout), closeOf(stderr)]).then(([line]) =>
        settle(Number(line)),
      );
      child.stdin.write(
        scriptOf({command, path, fifos: fifos.paths, isInputLater: input !== undefined, endMark}),
      );
      if (!writeEnd) watch.limit(command.timeoutMs);
      else
        void input?.then(async (given) => {
          if (!given) return watch.kill({kind: 'stopped'});
          watch.limit(given.timeoutMs);
          await writeEnd.write(given.stdin);
        });
    });
    writeEnd?.close(); // it may have ended before its input is known
    for (const stream of [stdout, stderr]) stream.destroy();
    if (isForced(ending)) abandon();
    const isStarted =
      ending.kind !== 'exited' || !isNotStarted(path, ending.exitCode, ending.stdout, ending.stderr);
    return isStarted ? ending : undefined;
  };
  return {
    run,
    isUsable: () => usable,
    close: () => {
      abandon();
      child.stdin.end();
    },
  };
};

/** The read ends stay open as long as the shell is used. The names are removed as soon as both are open. */
const makeFifos = async (
  child: ShellProcess,
  umask: number,
  inherited: ReadonlySet<string>,
  scratch: string,
): Promise<Fifos> => {
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the shell exited')));
  });
  ended.catch(() => undefined); // most shells exit much later, when no one awaits this
  await mkdir(scratch, {recursive: true, mode: 0o700});
  const dir = await mkdtemp(join(scratch, 'kni-shell-'));
  const names = {stdin: join(dir, 'stdin'), stdout: join(dir, 'stdout'), stderr: join(dir, 'stderr')};
  try {
    const made = firstChunkOf(child.stdout);
    child.stdin.write(openingOf(Object.values(names), umask, inherited));
    if ((await Promise.race([made, ended])).trim() !== '0') throw new Error('cannot create a fifo');
    return open(names);
  } finally {
    await removeNames(dir, Object.values(names));
  }
};

/** Uses only unlink and rmdir, because no file descriptor may be left. The next start removes leftovers. */
const removeNames = async (dir: string, names: readonly string[]): Promise<void> => {
  for (const name of names) await unlink(name).catch(() => undefined);
  await rmdir(dir).catch(() => undefined);
};

const open = (names: FifoPaths): Fifos => {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  const pathOf = (name: string, flags: number): string => {
    const fd = openSync(name, flags);
    fds.push(fd);
    return `/proc/${process.pid}/fd/${fd}`;
  };
  try {
    const paths = {
      stdin: pathOf(names.stdin, pathOnly),
      stdout: pathOf(names.stdout, readEnd),
      stderr: pathOf(names.stderr, readEnd),
    };
    return {paths, close};
  } catch (error) {
    close();
    throw error;
  }
};

const reader = (path: string): Socket | undefined => {
  try {
    return new Socket({fd: openSync(path, readEnd), readable: true, writable: false});
  } catch {
    return undefined; // no descriptor is left
  }
};

const firstChunkOf = (stream: Readable): Promise<string> =>
  new Promise((resolve) => {
    stream.once('data', (chunk) => resolve(String(chunk)));
  });

const closeOf = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', resolve);
  });

const isForced = ({kind}: Ending): boolean => kind !== 'exited' && kind !== 'signalled';

/** An exit status of 137 may also mean SIGKILL: a shell does not tell them apart, and both are failures. */
const endingOf = (status: number, stdout: string, stderr: string): Ending => {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - signalBase);
  return signal
    ? {kind: 'signalled', signal: signal[0], stderr}
    : {kind: 'exited', exitCode: status, stdout, stderr};
};
