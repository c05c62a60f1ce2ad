/** Collects what a program prints, up to a limit. */
import type {Readable} from 'node:stream';

/** Returns the text so far. `tooMuch` is called once, when there is more than `limit` bytes. */
export const collect = (stream: Readable, limit: number, tooMuch: () => void): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size > limit) return;
    size += chunk.length;
    if (size > limit) tooMuch();
    else chunks.push(chunk);
  });
  stream.on('error', () => undefined); // the program's end says what happened
  return () => Buffer.concat(chunks).toString('utf8');
};
