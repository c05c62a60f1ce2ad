/** The output of a command that prints either lines for people, or one JSON object per line for programs. */

import {lineWriter} from '../view/stream.ts';
import type {World} from './world.ts';

export interface RunOutput {
  /** Prints a line for people. With --json, prints nothing. */
  readonly say: (line: string) => void;
  /** Prints an object with its time and type. Without --json, prints nothing. */
  readonly record: (type: string, fields: object) => void;
  /** Prints a line about this run itself: with --json on standard error, because standard output carries only JSON. */
  readonly note: (line: string) => void;
}

/** `printed` is called for each line that is printed for people. */
export const runOutput = (
  {stdout, stderr}: World,
  json = false,
  printed: () => void = () => undefined,
): RunOutput => {
  const print = lineWriter(stdout);
  const write = (line: string): void => {
    printed();
    print(line);
  };
  return {
    say: json ? () => undefined : write,
    record(type, fields) {
      if (json) print(JSON.stringify({time: new Date().toISOString(), type, ...fields}));
    },
    note: json ? lineWriter(stderr) : write,
  };
};
