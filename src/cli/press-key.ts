/** Waits for a key on a terminal. */

export interface KeyOptions {
  /** A terminal is switched to raw mode, so that any key counts. */
  readonly input: NodeJS.ReadableStream & {setRawMode?(isRaw: boolean): unknown};
  /** Aborted by q, Ctrl-C and Ctrl-D, which cancel the whole command. */
  readonly cancel: AbortController;
}

/** Rejects with the signal's reason when it is cancelled. */
export const pressKey = ({input, cancel}: KeyOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const {signal} = cancel;
    const release = (): void => {
      input.off('data', onData).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      input.setRawMode?.(false);
      input.pause();
    };
    const onAbort = (): void => {
      release();
      reject(signal.reason);
    };
    const onEnd = (): void => cancel.abort(new Error('cancelled: standard input has ended'));
    const onData = (chunk: Buffer | string): void => {
      const name = cancelling[String(chunk)];
      if (name !== undefined) return cancel.abort(new Error(`cancelled by ${name}`));
      release();
      resolve();
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', onAbort, {once: true});
    input.setRawMode?.(true);
    input.on('data', onData).on('end', onEnd).resume();
  });

const cancelling: Readonly<Record<string, string>> = {'\u0003': 'Ctrl-C', '\u0004': 'Ctrl-D', q: 'q'};
