/** Collects a command's output, and passes on each line as it arrives. */

import type {Readable} from 'node:stream';
import {lineReader} from './lines.ts';

export interface Output {
  /** The output without its last line break, or the last `limit` characters of it. */
  text(): string;
  /** Whether the output was longer than `limit`. */
  overflowed(): boolean;
  /** Resolves when the stream is closed. */
  readonly closed: Promise<void>;
}

export const collect = (stream: Readable, limit: number, onLine: (line: string) => void): Output => {
  const chunks: string[] = [];
  let size = 0;
  let dropped = false;
  const lines = lineReader(onLine);

  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size > limit && chunks.length > 1) {
      size -= chunks.shift()?.length ?? 0;
      dropped = true;
    }
    lines.add(chunk);
  });
  const closed = new Promise<void>((resolve) => {
    stream.once('close', () => {
      lines.end();
      resolve();
    });
  });
  return {text: () => chunks.join('').replace(/\r?\n$/, ''), overflowed: () => dropped, closed};
};
