/** tour: shows KNI step by step with some drills and a comparison with CNI. A key continues. */

import {setTimeout as sleep} from 'node:timers/promises';
import {nameFlag, requireAllNodes, requireCluster} from '../../cluster/cluster.ts';
import {refuseUserRuntime} from '../../cluster/user-runtime.ts';
import {drills} from '../../drills/drills.ts';
import type {DrillName} from '../../drills/names.ts';
import {exitCodes} from '../../exit-codes.ts';
import {isTerminal, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {drillText} from '../drill-text.ts';
import {SilentExit} from '../report.ts';
import {runComparison} from '../run-comparison.ts';
import {resultOf, runDrills} from '../run-drills.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import {comparisonQuestion, comparisonTitle, tourIntroduction} from '../tour-text.ts';
import type {World} from '../world.ts';

export interface TourOptions {
  readonly name: string;
  readonly auto?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

const story: readonly DrillName[] = ['life', 'ownership', 'readiness', 'restart'];

/** The tour shows what a comparison measures, in a minute or two. `kni-demo compare` measures more pods. */
const comparedPods = 2;

/** Milliseconds to read a screen with --auto. */
const readingTime = (lines: number): number => Math.max(3_000, 400 * lines);

/** Without a terminal the tour does not wait for keys. `lines` are on the screen. */
const waitForReader = async (world: World, lines: number, auto = false): Promise<void> => {
  const {signal, stdout} = world;
  if (!auto) {
    stdout.write(paletteOf(stdout).dim('\n[any key: go on, q: end]'));
    try {
      if (await world.pressKey?.()) return;
    } finally {
      stdout.write(eraseLine);
    }
  }
  await sleep(readingTime(lines), undefined, {signal});
};

const clear = '\u001b[2J\u001b[H';
const eraseLine = '\r\u001b[2K';

/** Throws SilentExit when a drill has failed, after the others have run. */
export const tour = async (world: World, {name, auto, json, lockTimeout}: TourOptions): Promise<void> => {
  const {signal, stdout} = world;
  const {host, dirs} = hostAndDirs(world);
  let lines = 0;
  const printed = (): void => {
    lines += 1;
  };
  const {say, note, record} = runOutput(world, json, printed);
  const isDrawn = !json && isTerminal(stdout);
  let last: 'introduction' | 'drill' | 'step' | 'screen' | undefined;

  const pause = async (before: 'introduction' | 'drill' | 'step' | 'screen'): Promise<void> => {
    if (!isDrawn) return;
    if (before !== 'introduction') await waitForReader(world, lines, auto);
    // The first step is read together with the question of its drill.
    if (!(before === 'step' && last === 'drill')) stdout.write(clear);
    lines = 0;
    last = before;
  };

  const command = 'kni-demo tour';
  await runLocked(dirs, {command, lockTimeout, say: note, signal}, async () => {
    const cluster = await requireCluster({host, dirs}, name, signal);
    await requireAllNodes(dirs, name, cluster.nodes);
    await refuseUserRuntime(cluster, 'run drills', signal);
    const chosen = story.flatMap((each) => drills.find((drill) => drill.name === each) ?? []);
    await pause('introduction');
    for (const line of tourIntroduction(name, chosen)) say(line);
    const {exitCode, drills: summary} = resultOf(
      await runDrills(world, chosen, {name, json, command, pause, printed}),
    );
    await pause('drill');
    drillText(say, paletteOf(stdout)).headed(comparisonTitle, comparisonQuestion);
    say('');
    const comparison = await runComparison(world, {
      name,
      pods: comparedPods,
      json,
      command,
      pause: () => pause('screen'),
      printed,
    });
    record('result', {command: 'tour', exitCode, cluster: name, drills: summary, comparison});
    const flag = nameFlag(name);
    for (const line of ['', 'Next:', `  kni-demo compare --pods 10${flag}`, `  kni-demo drill --all${flag}`])
      say(line);
    if (exitCode !== exitCodes.ok) throw new SilentExit(exitCode);
  });
};
