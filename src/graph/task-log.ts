/** A task's log file: every line of its output, to find out later why it failed. */

import {appendFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {makeDirectory} from '../make-directory.ts';

export interface TaskLog {
  /** The path of the file; undefined until it exists. */
  path(): string | undefined;
  add(line: string): void;
  /** At most 15, without the header. */
  lastLines(): readonly string[];
}

const lastLineCount = 15;

/** Creates the file with its first line. Appends to an existing file, so that the lines of earlier runs stay. */
export const taskLog = (path: string, title: string, now: () => Date = () => new Date()): TaskLog => {
  const last: string[] = [];
  let state: 'empty' | 'open' | 'broken' = 'empty';

  const append = (line: string): void => {
    if (state === 'broken') return;
    try {
      if (state === 'empty') {
        makeDirectory(dirname(path));
        appendFileSync(path, `=== ${now().toISOString()} ${title}\n`);
        state = 'open';
      }
      appendFileSync(path, `${line}\n`);
    } catch {
      // A full disk must not fail a task that works. The error message uses lastLines, which needs no disk.
      state = 'broken';
    }
  };

  return {
    path: () => (state === 'open' ? path : undefined),
    add(line) {
      last.push(line);
      if (last.length > lastLineCount) last.shift();
      append(line);
    },
    lastLines: () => [...last],
  };
};
