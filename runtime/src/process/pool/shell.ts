/**
 * A small shell that starts programs, one at a time. Node.js needs 6 ms for it, during which nothing else happens,
 * since it copies its page tables for every child; a shell of 1 MB does not notice.
 *
 * stdout and stderr of a program are fifos, opened anew for each: they end when nobody holds them any more, just as
 * pipes do, so what a grandchild writes late cannot get into the output of the next program.
 */
import {randomUUID} from 'node:crypto';
import {closeSync, constants as fsConstants, openSync} from 'node:fs';
import {mkdir, mkdtemp, rmdir, unlink} from 'node:fs/promises';
import {Socket} from 'node:net';
import {constants} from 'node:os';
import {join} from 'node:path';
import type {Readable, Writable} from 'node:stream';
import type {Command, Ending} from '../command.ts';
import {killGroup, type Leader, watchGroup} from '../group.ts';
import {isNotStarted, openingOf, scriptOf} from './shell-script.ts';

/** What is needed here of a ChildProcess that runs `sh`. */
export interface ShellProcess extends Leader {
  readonly stdin: Writable;
  readonly stdout: Readable;
  unref(): void;
}

export interface Shell {
  /** Nothing if the program was not started; why, a shell says for people only. */
  run(command: Command, path: string, stop: AbortSignal | undefined): Promise<Ending | undefined>;
  /** False once it has ended or been killed. */
  isUsable(): boolean;
  close(): void;
}

interface Fifos {
  readonly paths: readonly string[];
  close(): void;
}

const readEnd = fsConstants.O_RDONLY | fsConstants.O_NONBLOCK;
const signalBase = 128;

/** Rejects when there is no shell, no descriptor or no place for a fifo. */
export const openShell = async (
  child: ShellProcess,
  umask: number,
  inherited: ReadonlySet<string>,
  scratch: string,
): Promise<Shell> => {
  child.stdin.on('error', () => undefined); // EPIPE: its exit says what happened
  const fifos = await makeFifos(child, umask, inherited, scratch).catch((error: unknown) => {
    killGroup(child);
    throw error;
  });
  // An idle shell keeps no process from ending.
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
  ): Promise<Ending | undefined> => {
    const readers = fifos.paths.map(reader);
    const [stdout, stderr] = readers;
    if (!stdout || !stderr) {
      for (const each of readers) each?.destroy();
      return undefined;
    }
    const endMark = `end-${randomUUID()}`; // nobody can have it in a stdin
    const ending = await watchGroup({leader: child, stdout, stderr}, command, stop, (watch) => {
      const settle = (status: number) => {
        child.off('exit', onExit);
        watch.settle(endingOf(status, watch.stdout(), watch.stderr()));
      };
      // Somebody else has ended it, a program perhaps that signals its whole process group.
      const onExit = (status: number | null, signal: NodeJS.Signals | null) => {
        killGroup(child);
        settle(signal ? signalBase + constants.signals[signal] : (status ?? -1));
      };
      child.once('exit', onExit);
      void Promise.all([printed(child.stdout), closed(stdout), closed(stderr)]).then(([line]) =>
        settle(Number(line)),
      );
      child.stdin.write(scriptOf({command, path, fifos: fifos.paths, endMark}));
    });
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

/** The read ends stay open for as long as the shell may be used; without a name in the file system from the start. */
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
  ended.catch(() => undefined); // most end much later, when nobody waits for it
  await mkdir(scratch, {recursive: true, mode: 0o700});
  const dir = await mkdtemp(join(scratch, 'kni-shell-'));
  const names = ['stdout', 'stderr'].map((name) => join(dir, name));
  try {
    const made = printed(child.stdout);
    child.stdin.write(openingOf(names, umask, inherited));
    if ((await Promise.race([made, ended])).trim() !== '0') throw new Error('cannot create a fifo');
    return open(names);
  } finally {
    await removeNames(dir, names);
  }
};

/** By calls that need no descriptor: there may be none left. What stays all the same is cleared away at the next start. */
const removeNames = async (dir: string, names: readonly string[]): Promise<void> => {
  for (const name of names) await unlink(name).catch(() => undefined);
  await rmdir(dir).catch(() => undefined);
};

const open = (names: readonly string[]): Fifos => {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const name of names) fds.push(openSync(name, readEnd));
  } catch (error) {
    close();
    throw error;
  }
  return {paths: fds.map((fd) => `/proc/${process.pid}/fd/${fd}`), close};
};

const reader = (path: string): Socket | undefined => {
  try {
    return new Socket({fd: openSync(path, readEnd), readable: true, writable: false});
  } catch {
    return undefined; // no descriptor left
  }
};

const printed = (stream: Readable): Promise<string> =>
  new Promise((resolve) => {
    stream.once('data', (chunk) => resolve(String(chunk)));
  });

const closed = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    stream.once('close', resolve);
  });

const isForced = ({kind}: Ending): boolean => kind !== 'exited' && kind !== 'signalled';

/** A program that exits with 137 by itself cannot be told from one that was killed; both have failed. */
const endingOf = (status: number, stdout: string, stderr: string): Ending => {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - signalBase);
  return signal
    ? {kind: 'signalled', signal: signal[0], stderr}
    : {kind: 'exited', exitCode: status, stdout, stderr};
};
