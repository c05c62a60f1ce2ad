/** Collects what a program prints, up to a limit. */
import type {Readable} from 'node:stream';

/** Returns a function that gives the text so far. Calls `tooMuch` once when the output exceeds `limit` bytes. */
export const collect = (stream: Readable, limit: number, tooMuch: () => void): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size > limit) return;
    size += chunk.length;
    if (size > limit) tooMuch();
    else chunks.push(chunk);
  });
  stream.on('error', () => undefined); // the ending of the program says what happened
  return () => Buffer.concat(chunks).toString('utf8');
};
