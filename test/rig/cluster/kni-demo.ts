/** Runs the public command line as a user does. */

import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {project} from '../../../src/project.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when the command prints this text; rejects when it ends before that, or after `atMost` milliseconds. */
  printed(text: string | RegExp, atMost?: number): Promise<void>;
  /** Its standard output until now. */
  output(): string;
  interrupt(): void;
  /** As `kill -9`. */
  kill(): void;
}

/** Starts `kni-demo …` and shows its output as it comes. */
export const start = (...args: readonly string[]): Running => {
  const child = spawn(process.execPath, [join(project.root, 'bin/kni-demo.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const seen = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    process.stderr.write(chunk);
    for (const look of seen) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail);
    child.once('close', (exitCode) => done({exitCode, stdout, stderr}));
  });
  return {
    ended,
    printed: (text, atMost = 600_000) =>
      new Promise((done, fail) => {
        const timer = setTimeout(() => fail(new Error(`did not print ${text}, but ${stdout}`)), atMost);
        const look = (): void => {
          if (typeof text === 'string' ? !stdout.includes(text) : !text.test(stdout)) return;
          clearTimeout(timer);
          seen.delete(look);
          done();
        };
        seen.add(look);
        look();
        ended.then(() => fail(new Error(`ended without printing ${text}`)), fail);
      }),
    output: () => stdout,
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
  };
};

export const kniDemo = (...args: readonly string[]): Promise<Ended> => start(...args).ended;
