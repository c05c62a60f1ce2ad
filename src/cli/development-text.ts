/** What `runtime dev` prints. */

import {type Cluster} from '../cluster/cluster.ts';
import {inspectingCalls} from '../cluster/log-selection.ts';
import {parseLogLine} from '../cluster/runtime-log.ts';
import {seconds} from '../duration.ts';
import type {UserError} from '../errors.ts';
import {paletteOf} from '../view/stream.ts';
import {oneLine} from '../view/table.ts';
import {logText} from './log-text.ts';
import type {RunOutput} from './run-output.ts';
import type {World} from './world.ts';

/** Not shown: the kubelet repeats the first call every few seconds, and kni-demo itself makes the others. */
const hidden: ReadonlySet<string> = new Set(['QueryNodeNetworks', ...inspectingCalls]);

export const developmentText = (
  {stdout}: Pick<World, 'stdout'>,
  {nodes}: Pick<Cluster, 'nodes'>,
  {say, record}: Pick<RunOutput, 'say' | 'record'>,
) => {
  const paint = paletteOf(stdout);
  const format = logText({paint, nodes: nodes.map(({name}) => name)});
  return {
    say,
    failed({what, why, tryThis, errorCode}: UserError, formerServes: boolean): void {
      // The next save runs it again.
      const advice = tryThis.replace(/,? and run the same command again$/, '');
      record('failed', {code: errorCode, what, why, tryThis: advice, formerServes});
      const [first = '', ...more] = why.split('\n');
      say(paint.red(`! ${what}: ${first}`));
      for (const line of more) say(`  ${line}`);
      say(`  try: ${advice}`);
      if (formerServes) say('  the former version keeps serving');
    },
    serving(ms: number): void {
      record('serving', {ms});
      say(paint.bold(`serving ${seconds(ms)} after the change`));
    },
    proved(ms: number, proof: readonly string[]): void {
      record('proved', {ms, proof});
      for (const line of proof) say(line);
      say(paint.green(`proved ${seconds(ms)} after the change`));
    },
    /** A line that the runtime has written: one that kni-demo knows, or any other text. */
    log(node: string, line: string): void {
      const known = parseLogLine(line);
      if (known?.level === 'info' && hidden.has(known.rpc ?? '')) return;
      record('log', {node, ...(known ?? {msg: line})});
      const time = new Date().toISOString();
      say(format({node, line: known ?? {level: 'info', msg: oneLine(line), time}}, 1));
    },
  };
};
