/** Shell transcripts as data: commands and their output. */

import {shellWords} from './shell-words.ts';

export interface Exchange {
  readonly command: readonly string[];
  /** The expected standard input; undefined: any. */
  readonly input?: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it failed, as in CommandError: `exit code 1`. Undefined: it went well. */
  readonly failure?: string;
}

const prompt = /^\$ (?<line>.*?)(?: <<(?<end>\w+))?$/;
const failure = /^\[(?<reason>exit code \d+|not found|cancelled|timed out after .+|killed by SIG\w+)\]$/;

/**
 * A line `$ docker info` is a command, what follows is its standard output. `2> ` before a line makes
 * it standard error, a last line `[exit code 1]` or `[not found]` a failure. `$ kubectl apply -f - <<END`
 * says what the standard input must be, up to a line END. Indentation common to all lines is left out.
 */
export const parseTranscript = (text: string): readonly Exchange[] => {
  const lines = dedent(text);
  const exchanges: Exchange[] = [];
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    const groups = prompt.exec(line)?.groups;
    if (!groups) {
      if (line.trim() === '') continue;
      throw new SyntaxError(`not a command: ${line}`);
    }
    const input =
      groups['end'] === undefined ? undefined : takeUntil(lines, (each) => each === groups['end'], true);
    const answer = takeUntil(lines, (each) => prompt.test(each), false);
    while (answer.at(-1)?.trim() === '') answer.pop();
    const reason = failure.exec(answer.at(-1) ?? '')?.groups?.['reason'];
    if (reason !== undefined) answer.pop();
    exchanges.push({
      command: shellWords(groups['line'] ?? ''),
      ...(input && {input: input.map((each) => `${each}\n`).join('')}),
      stdout: answer.filter((each) => !each.startsWith('2> ')).join('\n'),
      stderr: answer.flatMap((each) => (each.startsWith('2> ') ? [each.slice(3)] : [])).join('\n'),
      ...(reason !== undefined && {failure: reason}),
    });
  }
  return exchanges;
};

const takeUntil = (lines: string[], isEnd: (line: string) => boolean, dropEnd: boolean): string[] => {
  const end = lines.findIndex(isEnd);
  const taken = lines.splice(0, end === -1 ? lines.length : end);
  if (dropEnd) lines.shift();
  return taken;
};

const dedent = (text: string): string[] => {
  const lines = text.split('\n');
  const depths = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const depth = depths.length === 0 ? 0 : Math.min(...depths);
  return lines.map((line) => line.slice(depth));
};
