/** A yes-or-no question on a terminal. */

import {createInterface} from 'node:readline/promises';

export interface QuestionOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Ctrl-C and Ctrl-D cancel the whole command: neither is an answer. */
  readonly cancel: AbortController;
}

/** Rejects with the signal's reason when it is cancelled. */
export const ask = async (question: string, {input, output, cancel}: QuestionOptions): Promise<boolean> => {
  const {signal} = cancel;
  signal.throwIfAborted();
  const terminal = createInterface({input, output, terminal: true});
  // The terminal is in raw mode, so that Ctrl-C is a key and no signal.
  terminal.on('SIGINT', () => cancel.abort(new Error('cancelled by Ctrl-C')));
  const closed = new Promise<never>((_, reject) => {
    terminal.once('close', () => {
      if (!signal.aborted) cancel.abort(new Error('cancelled by Ctrl-D'));
      reject(signal.reason);
    });
  });
  closed.catch(() => undefined); // it closes after an answer, too
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
