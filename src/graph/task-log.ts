/** A task's log file: every line it said, kept for the one who asks why it failed. */

import {appendFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {makeDirectory} from '../make-directory.ts';

export interface TaskLog {
  /** Where the lines are; undefined until there is one. */
  path(): string | undefined;
  add(line: string): void;
  /** At most 15, without the header. */
  lastLines(): readonly string[];
}

const kept = 15;

/** The file is made with its first line, and appended to: an earlier run's lines stay above. */
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
      // A full disk must not end a task that works; what matters is in lastLines.
      state = 'broken';
    }
  };

  return {
    path: () => (state === 'open' ? path : undefined),
    add(line) {
      last.push(line);
      if (last.length > kept) last.shift();
      append(line);
    },
    lastLines: () => [...last],
  };
};
