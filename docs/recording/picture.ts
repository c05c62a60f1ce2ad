/** Types commands into a terminal of 80 columns, and draws what appears. */

import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Host} from '../../src/host/host.ts';
import {createScreen, type Line} from './screen.ts';
import {type Frame, svgOf} from './svg.ts';

export interface Picture {
  readonly rows: number;
  readonly commands: readonly string[];
  /** Seconds that a pause takes at most. */
  readonly longest: number;
  /** Other pauses are shortened by this factor. */
  readonly speed: number;
}

const columns = 80;

/** The README's picture. */
export const demo: Picture = {
  rows: 34,
  commands: [
    'kni-demo up --stack bookworm',
    'kni-demo pod create mypod',
    'kni-demo logs --pod mypod | head -n 4',
  ],
  longest: 1.2,
  speed: 4,
};

/** Each step stays long enough to be read. */
export const tour: Picture = {rows: 24, commands: ['kni-demo tour --auto'], longest: 8, speed: 1};

const typing = 0.04;
const reading = 2.5;

/** Needs script(1) of util-linux, which keeps the time of every output. */
export const draw = async (
  host: Host,
  prelude: string,
  {rows, commands, longest, speed}: Picture,
): Promise<string> => {
  const size = {columns, rows};
  const screen = createScreen(columns, rows);
  const frames: Frame[] = [];
  let at = 0;
  const show = (): void => {
    const lines = screen.lines().map(withoutSpinner);
    if (JSON.stringify(lines) !== JSON.stringify(frames.at(-1)?.lines)) frames.push({at, lines});
  };
  await host.run(['bash', ['-c', `${prelude}kubectl delete pod mypod --ignore-not-found || true`]]);
  for (const command of commands) {
    screen.write('\u001b[32m$\u001b[39m ');
    for (const letter of command) {
      screen.write(letter);
      show();
      at += typing;
    }
    screen.write('\r\n');
    for (const {delay, text} of await record(host, rows, `${prelude}set +o pipefail\n${command}`)) {
      at += Math.min(delay / speed, longest);
      screen.write(text.replaceAll(`${homedir()}/`, '~/'));
      show();
    }
    at += reading;
  }
  return svgOf(sparse(frames), {...size, title: commands.join(', then ')});
};

interface Output {
  /** Seconds since the output before. */
  readonly delay: number;
  readonly text: string;
}

const record = async (host: Host, rows: number, command: string): Promise<readonly Output[]> => {
  const dir = await mkdtemp(join(tmpdir(), 'kni-recording-'));
  try {
    const [out, timing] = [join(dir, 'out'), join(dir, 'timing')];
    const sized = `stty cols ${columns} rows ${rows}\n${command}`;
    const env = {SHELL: '/bin/bash', TERM: 'xterm-256color', RECORDED: sized};
    const options = ['--quiet', '--return', '--log-out', out, '--log-timing', timing];
    await host.run(['script', [...options, '--command', 'eval "$RECORDED"']], {env, timeout: 900_000});
    // The first line of the file is script's own.
    const bytes = await readFile(out);
    let offset = bytes.indexOf('\n') + 1;
    return (await readFile(timing, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [delay, length] = line.split(' ').map(Number);
        const text = bytes.subarray(offset, (offset += length ?? 0)).toString('utf8');
        return {delay: delay ?? 0, text};
      });
  } finally {
    await rm(dir, {recursive: true});
  }
};

/** A spinner's turns would be most of the frames. */
const withoutSpinner = (line: Line): Line =>
  line.map((cell) => ({...cell, char: cell.char.replace(/[\u2800-\u28ff]/, '⠿')}));

/** At most ten frames a second: of those between, the last one counts. */
const sparse = (frames: readonly Frame[]): readonly Frame[] =>
  frames.filter(({at}, index) => {
    const next = frames[index + 1];
    return next === undefined || Math.floor(next.at * 10) > Math.floor(at * 10);
  });
