/** Collects what a program prints, up to a limit. */
import type {Readable} from 'node:stream';

/** The output of a program until now. */
export interface Output {
  readonly text: () => string;
  /** Reads no more. */
  readonly destroy: () => void;
}

/** Begins to collect. Calls `tooMuch` once when the output exceeds `limit` bytes. */
export type Collect = (limit: number, tooMuch: () => void) => Output;

export interface Chunks {
  readonly add: (chunk: Buffer) => void;
  readonly text: () => string;
}

/** Keeps the first `limit` bytes. */
export const createChunks = (limit: number, tooMuch: () => void): Chunks => {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      if (size > limit) return;
      size += chunk.length;
      if (size > limit) tooMuch();
      else chunks.push(chunk);
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
};

export const collectStream =
  (stream: Readable): Collect =>
  (limit, tooMuch) => {
    const {add, text} = createChunks(limit, tooMuch);
    stream.on('data', add);
    stream.on('error', () => undefined); // the ending of the program says what happened
    return {text, destroy: () => stream.destroy()};
  };
