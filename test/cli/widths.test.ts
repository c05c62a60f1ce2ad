/** Tables and lists in terminals of several widths, and in pipes. test/e2e/chapters/everyday.test.ts has those of a cluster. */
import {stripVTControlCharacters} from 'node:util';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type RealCli, realCli} from '../rig/real-cli.ts';

let real: RealCli;
beforeAll(async () => {
  real = await realCli();
}, 120_000);
afterAll(() => real[Symbol.asyncDispose]());

const widths = [40, 80, 300];
/** Free space, the load and the time of the run differ from run to run. */
const withoutNumbers = (text: string): string => text.replaceAll(/\d+(\.\d+)?/g, '0');
/** Words, because a list breaks its lines at the width of the terminal. */
const wordsOf = (text: string): readonly string[] => withoutNumbers(text).split(/\s+/).filter(Boolean);

describe.each([
  {args: ['plan'], fits: true},
  {args: ['explain'], fits: true},
  {args: ['config', 'show'], fits: true},
  {args: ['version'], fits: true},
  {args: ['drill'], fits: true},
  {args: ['doctor'], fits: false},
  {args: ['status'], fits: false},
  {args: ['pod', 'list'], fits: false},
  {args: ['networks'], fits: false},
])('kni-demo $args', ({args, fits}) => {
  it('shows the same words in a terminal of 40 to 300 columns as in a pipe', {timeout: 240_000}, async () => {
    const line = real.line(...args);
    const piped = await real.shell(`${line} 2>&1 | cat; (exit \${PIPESTATUS[0]})`);
    expect(piped.stdout.trim()).not.toBe('');
    expect(piped.stdout).toBe(stripVTControlCharacters(piped.stdout));
    for (const columns of widths) {
      const {code, stdout} = await real.terminal(line, columns);
      const shown = stripVTControlCharacters(stdout).replaceAll('\r', '');
      expect(wordsOf(shown)).toEqual(wordsOf(piped.stdout));
      expect(code).toBe(piped.code);
      const widest = Math.max(...shown.split('\n').map((each) => each.length));
      expect(widest).toBeLessThanOrEqual(fits && columns >= 80 ? columns : Number.POSITIVE_INFINITY);
    }
  });
});
