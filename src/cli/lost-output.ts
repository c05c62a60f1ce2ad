/** Watches whether what a command writes reaches its reader: lost output is no success. */

import {setImmediate} from 'node:timers/promises';
import {type ExitCode, exitCodes} from '../exit-codes.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {lineWriter, type OutputStream} from '../view/stream.ts';

export interface OutputWatch {
  /** Aborts when standard output cannot be written. */
  readonly signal: AbortSignal;
  /** Waits until all is written. Returns the exit code of the command, given the one that it would have. */
  settle(code: ExitCode): Promise<ExitCode>;
}

export const watchOutput = (stdout: OutputStream, stderr: OutputStream): OutputWatch => {
  const lost = new AbortController();
  let first: Error | undefined;
  const onError = (error: Error): void => {
    first ??= error;
    lost.abort(first);
  };
  stdout.on('error', onError);
  // Where standard error is lost, nothing can be said.
  stderr.on('error', () => undefined);
  return {
    signal: lost.signal,
    async settle(code) {
      await flush(stdout);
      // A stream reports its error some ticks after the write that failed.
      await setImmediate();
      if (first === undefined) return code;
      // The reader has what it wants (`| head -1`): as quiet as the death by SIGPIPE of other programs.
      if (errorCodeOf(first) === 'EPIPE') return exitCodes.noReader;
      lineWriter(stderr)(`error: cannot write the output: ${messageOf(first)}`);
      return exitCodes.failed;
    },
  };
};

/** Waits for the writes that are still under way, also when they fail. */
const flush = (stream: OutputStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
