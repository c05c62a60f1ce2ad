/** Runs drills one after another, and shows them as text or as JSON. */

import type {Drill, Verdict} from '../drills/drill.ts';
import {runDrill} from '../drills/run-drill.ts';
import {type ExitCode, exitCodes} from '../exit-codes.ts';
import {isTerminal, paletteOf} from '../view/stream.ts';
import {hostAndDirs} from './context.ts';
import {drillText} from './drill-text.ts';
import {startingAnew} from './interrupted.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

export interface DrillsOptions {
  /** The cluster's name. */
  readonly name: string;
  readonly json?: boolean | undefined;
  /** The whole command, which holds the lock: `kni-demo drill leak`. */
  readonly command: string;
  /** Called before a drill and before each of its steps. */
  readonly pause?: (before: 'drill' | 'step') => Promise<void>;
  /** Called for each line that is printed for people. */
  readonly printed?: () => void;
}

/** A failed drill does not stop the next one. */
export const runDrills = async (
  world: World,
  drills: readonly Drill[],
  options: DrillsOptions,
): Promise<readonly Verdict[]> => {
  const verdicts: Verdict[] = [];
  for (const drill of drills) verdicts.push(await startingAnew(world, () => runOne(world, drill, options)));
  return verdicts;
};

/** For the last line of the JSON output. `exitCode` is `failed` if a drill has failed. */
export const resultOf = (
  verdicts: readonly Verdict[],
): {readonly exitCode: ExitCode; readonly drills: readonly Pick<Verdict, 'drill' | 'passed' | 'ms'>[]} => ({
  exitCode: verdicts.every(({passed}) => passed) ? exitCodes.ok : exitCodes.failed,
  drills: verdicts.map(({drill, passed, ms}) => ({drill, passed, ms})),
});

const runOne = async (
  world: World,
  drill: Drill,
  {name, json, command, pause = async () => undefined, printed}: DrillsOptions,
): Promise<Verdict> => {
  const {signal, stdout} = world;
  const {say, note, record} = runOutput(world, json, printed);
  const text = drillText(say, paletteOf(stdout), isTerminal(stdout) ? stdout.columns : undefined);
  await pause('drill');
  record('drill', {drill: drill.name, shows: drill.shows, question: drill.question});
  text.begun(drill);
  const verdict = await runDrill(hostAndDirs(world), drill, {
    cluster: name,
    command,
    signal,
    say: json ? note : text.restored,
    listener: {
      async stepBegun(...step) {
        await pause('step');
        text.stepBegun(...step);
      },
      checked: text.checked,
      stepEnded: (report) => record('step', {drill: drill.name, ...report}),
      restoring: text.restoring,
    },
  });
  record('verdict', verdict);
  text.verdict(verdict);
  return verdict;
};
