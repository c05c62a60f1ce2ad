/** A network runtime on a test node, which the benchmark can start again and again. */
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import type {TestNode} from '../rig/node/test-node.ts';
import {end} from '../rig/processes.ts';
import type {Ask} from './client.ts';
import type {Subject} from './subject.ts';

export interface Program {
  readonly name: string;
  readonly node: TestNode;
  /** Path on the node. */
  readonly socket: string;
  readonly command: readonly string[];
  /** The working directory. */
  readonly cwd: string;
}

export interface Runtime extends AsyncDisposable {
  readonly subject: Subject;
  readonly pid: number;
  /** ms from the start of the process to its first answer. */
  readonly startMs: number;
  /** Lets it shut down in good order. */
  readonly stop: () => Promise<void>;
}

const log = '/run/runtime.log';
// A file, since a pipe to the benchmark would cost time that is not the runtime's.
const logged = `cd "$1" && shift && exec "$@" >${log} 2>&1`;

/** Resolves after the first answer. Rejects with the last line of the log if the program ends before that. */
export const startProgram = async (
  {name, node, socket, command, cwd}: Program,
  ask: Ask,
): Promise<Runtime> => {
  const begin = performance.now();
  const child = node.start(['sh', '-c', logged, 'sh', cwd, ...command]);
  const opened = ask({kind: 'runtime', socket: node.path(socket)});
  const {subject: id} = await Promise.race([opened, endOf(child, node, name)]);
  const startMs = performance.now() - begin;
  const stop = async (signal: NodeJS.Signals) => {
    await end(child, signal);
    await ask({kind: 'close', subject: id}).catch(() => undefined); // the client may have been interrupted
  };
  return {
    subject: {name, id},
    pid: child.pid ?? 0,
    startMs,
    stop: () => stop('SIGTERM'),
    [Symbol.asyncDispose]: () => stop('SIGKILL'),
  };
};

const endOf = async (child: ChildProcess, node: TestNode, name: string): Promise<never> => {
  await once(child, 'exit');
  const lines = (await readFile(node.path(log), 'utf8').catch(() => '')).trim().split('\n');
  throw new Error(`${name} has ended: ${lines.at(-1)}`);
};
