/** What a command prints: kept as text, and passed on line by line as it comes. */

import type {Readable} from 'node:stream';
import {lineReader} from './lines.ts';

export interface Output {
  /** What came, without its last line break; of more than `limit` characters only the end. */
  text(): string;
  /** Whether more came than was kept. */
  overflowed(): boolean;
  /** Resolves when nothing more can come. */
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
