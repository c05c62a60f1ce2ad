/**
 * A shell that starts programs for the network runtime, one at a time. When Node.js starts a program itself, its event
 * loop stands still for about 6 ms, because the kernel copies the page tables of its large process. A shell of 1 MB
 * forks in a fraction of that. `ps` and `systemctl status` show it as `sh -s kni-plugin-starter NUMBER`.
 *
 * The network runtime writes one command at a time to the shell's stdin; the shell prints the exit status to its stdout.
 * stdout and stderr of the program are fifos. Like a pipe, a fifo reports its end only when the last writer has closed it, so
 * late output of a grandchild cannot reach the output of the next program.
 * stdin is a here-document, or a third fifo if it is not known when the program starts.
 */
import {randomUUID} from 'node:crypto';
import {closeSync, openSync} from 'node:fs';
import {mkdir, mkdtemp, rmdir, unlink} from 'node:fs/promises';
import {Socket} from 'node:net';
import {constants} from 'node:os';
import {join} from 'node:path';
import type {Readable, Writable} from 'node:stream';
import type {Command, Ending, LaterInput} from '../command.ts';
import {killGroup, type Leader, watchGroup} from '../group.ts';
import type {Collect} from '../output.ts';
import {type Fifo, type FifoOutput, readEnd, readFifo} from './fifo-output.ts';
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
  /** The path of the program's stdin, if it is not known when the program starts. */
  readonly stdin: string;
  readonly stdout: Fifo;
  readonly stderr: Fifo;
  close(): void;
}

/** In ms. Nearly all plugins end before that. */
const patienceMs = 1000;
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
  let isRunning = false;
  const abandon = () => {
    usable = false;
    if (!isRunning) fifos.close();
  };
  if (child.exitCode !== null || child.signalCode !== null) abandon();
  child.once('exit', abandon);

  const run = async (
    command: Command,
    path: string,
    stop: AbortSignal | undefined,
    input?: LaterInput,
  ): Promise<Ending | undefined> => {
    const writeEnd = input && openWriteEnd(fifos.stdin);
    if (input && !writeEnd) return undefined;
    const endMark = `end-${randomUUID()}`; // random, so that it cannot occur in the stdin of a program
    const outputs: FifoOutput[] = [];
    const collect =
      (fifo: Fifo): Collect =>
      (limit, tooMuch) => {
        const output = readFifo(fifo, limit, tooMuch);
        outputs.push(output);
        return output;
      };
    const follow = () => {
      for (const output of outputs) output.follow();
    };
    const group = {leader: child, stdout: collect(fifos.stdout), stderr: collect(fifos.stderr)};
    isRunning = true;
    const patience = command.printsLittle ? setTimeout(follow, patienceMs) : undefined;
    const ending = await watchGroup(group, stop, (watch) => {
      if (!patience) follow();
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
      void firstChunkOf(child.stdout).then(async (line) => {
        clearTimeout(patience);
        for (const output of outputs) await output.end();
        settle(Number(line));
      });
      const paths = {stdin: fifos.stdin, stdout: fifos.stdout.path, stderr: fifos.stderr.path};
      child.stdin.write(scriptOf({command, path, fifos: paths, isInputLater: input !== undefined, endMark}));
      if (!writeEnd) watch.limit(command.timeoutMs);
      else
        void input?.then(async (given) => {
          if (!given) return watch.kill({kind: 'stopped'});
          watch.limit(given.timeoutMs);
          await writeEnd.write(given.stdin);
        });
    });
    writeEnd?.close(); // it may have ended before its input is known
    clearTimeout(patience);
    for (const output of outputs) output.destroy();
    isRunning = false;
    if (!usable || isForced(ending)) abandon();
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
  const opened = (name: string, flags: number): Fifo => {
    const fd = openSync(name, flags);
    fds.push(fd);
    return {fd, path: `/proc/${process.pid}/fd/${fd}`};
  };
  try {
    return {
      stdin: opened(names.stdin, pathOnly).path,
      stdout: opened(names.stdout, readEnd),
      stderr: opened(names.stderr, readEnd),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
};

const firstChunkOf = (stream: Readable): Promise<string> =>
  new Promise((resolve) => {
    stream.once('data', (chunk) => resolve(String(chunk)));
  });

const isForced = ({kind}: Ending): boolean => kind !== 'exited' && kind !== 'signalled';

const signals = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number + signalBase, name]),
);

/** An exit status of 137 may also mean SIGKILL: a shell does not tell them apart, and both are failures. */
const endingOf = (status: number, stdout: string, stderr: string): Ending => {
  const signal = signals.get(status);
  return signal ? {kind: 'signalled', signal, stderr} : {kind: 'exited', exitCode: status, stdout, stderr};
};
