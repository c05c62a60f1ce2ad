/** Detects output that could not be written: a command that lost output has failed. */

import {setImmediate} from 'node:timers/promises';
import {exitCodes} from '../exit-codes.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import type {OutputStream} from '../view/stream.ts';

export interface OutputWatch {
  /** Aborts when standard output cannot be written. */
  readonly signal: AbortSignal;
  /** Waits until everything is written. Returns `code`, or the exit code for lost output. */
  settle(code: number): Promise<number>;
}

export const watchOutput = (stdout: OutputStream, stderr: OutputStream): OutputWatch => {
  const lost = new AbortController();
  let first: Error | undefined;
  const onError = (error: Error): void => {
    first ??= error;
    lost.abort(first);
  };
  stdout.on('error', onError);
  // Without standard error, nothing can be reported.
  stderr.on('error', () => undefined);
  return {
    signal: lost.signal,
    async settle(code) {
      await flush(stdout);
      // A stream reports its error some ticks after the write that failed.
      await setImmediate();
      if (first === undefined) return code;
      // The reader has closed the pipe (`| head -1`). Other programs die silently by SIGPIPE then.
      if (errorCodeOf(first) === 'EPIPE') return exitCodes.noReader;
      const {lineWriter} = await import('../view/stream.ts');
      lineWriter(stderr)(`error: cannot write the output: ${messageOf(first)}`);
      return exitCodes.failed;
    },
  };
};

/** Waits for pending writes, even those that fail. */
const flush = (stream: OutputStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
