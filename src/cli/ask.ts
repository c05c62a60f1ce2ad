/** Asks a yes-or-no question on a terminal. */

import {createInterface} from 'node:readline/promises';

export interface QuestionOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Aborted by Ctrl-C and Ctrl-D, which cancel the whole command. */
  readonly cancel: AbortController;
}

/** Rejects with the signal's reason when it is cancelled. */
export const ask = async (question: string, {input, output, cancel}: QuestionOptions): Promise<boolean> => {
  const {signal} = cancel;
  signal.throwIfAborted();
  const terminal = createInterface({input, output, terminal: true});
  // In raw mode, Ctrl-C arrives as a key and not as a signal.
  terminal.on('SIGINT', () => cancel.abort(new Error('cancelled by Ctrl-C')));
  const closed = new Promise<never>((_, reject) => {
    terminal.once('close', () => {
      if (!signal.aborted) cancel.abort(new Error('cancelled by Ctrl-D'));
      reject(signal.reason);
    });
  });
  closed.catch(() => undefined); // readline also closes after an answer
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `, {signal}), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.removeAllListeners('close');
    terminal.close();
  }
};
