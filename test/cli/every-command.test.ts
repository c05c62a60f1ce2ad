/** Every command in a pseudo-terminal and through a pipe, without a docker engine. test/e2e/chapters has them on a cluster. */
import {stripVTControlCharacters} from 'node:util';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {examples} from '../../src/cli/examples.ts';
import {createProgram} from '../../src/cli/program.ts';
import {commandsOf} from '../../src/cli/settings/flags.ts';
import type {World} from '../../src/cli/world.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';

let real: RealCli;
beforeAll(async () => {
  real = await realCli();
}, 120_000);
afterAll(() => real[Symbol.asyncDispose]());

const pathOf = (command: ReturnType<typeof createProgram>): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}`.trim() : '';

/** The first example of each command in its help. */
const lines = commandsOf(createProgram({} as World))
  .filter((command) => command.commands.length === 0 && !command.name().startsWith('_'))
  .map((command) => examples[pathOf(command)]?.[0] ?? pathOf(command))
  // `patch check` would download sources first.
  .map((line) => (line === 'patch check' ? 'patch check --stack none' : line));

/** Free space, the load and the time of the run differ from run to run. */
const wordsOf = (text: string): readonly string[] =>
  stripVTControlCharacters(text)
    .replaceAll(/\d+(\.\d+)?/g, '0')
    .split(/\s+/)
    .filter(Boolean);

it.each(lines)('kni-demo %s says the same in a terminal as in a pipe', {timeout: 120_000}, async (line) => {
  const inFolder = `rm -rf folder && mkdir folder && cd folder && ${real.line()} ${line.replace(/ >.*/, '')}`;
  const piped = await real.shell(`(${inFolder}) 2>&1 | cat; (exit \${PIPESTATUS[0]})`);
  const shown = await real.terminal(`bash -c '${inFolder.replaceAll("'", String.raw`'\''`)}'`);
  expect(piped.stdout.trim()).not.toBe('');
  expect(piped.stdout).toBe(stripVTControlCharacters(piped.stdout));
  expect(piped.stdout).not.toMatch(/^ +at .*:\d+/m);
  expect(Object.values(exitCodes)).toContain(piped.code);
  expect(shown.code).toBe(piped.code);
  expect(wordsOf(shown.stdout)).toEqual(wordsOf(piped.stdout));
});
