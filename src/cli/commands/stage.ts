/** init, build and setup: run the stages up to one of them. */

import {nameFlag} from '../../cluster/cluster.ts';
import {seconds} from '../../duration.ts';
import {quoteCommand} from '../../host/quote.ts';
import {sourceFlags} from '../../stacks/own-source.ts';
import type {RunOptions} from '../prepare-run.ts';
import {runStages} from '../run-stages.ts';
import type {World} from '../world.ts';
import {timeLines, timesText} from './up.ts';

const next = {init: 'build', build: 'setup', setup: 'verify'} as const;

export const stage = (world: World, name: keyof typeof next, options: RunOptions): Promise<void> =>
  runStages(world, {command: name, last: name, options}, (result, {say}) => {
    const took = seconds(result.ms);
    say('');
    say(
      result.isChanged
        ? `Stage ${name} is complete. ${took}: ${timesText(result)}`
        : `Stage ${name} was complete already: nothing was changed. ${took}`,
    );
    for (const line of timeLines(result)) say(line);
    // From setup on, the cluster determines the stack and its programs.
    const stack = options.stack === undefined ? [] : ['--stack', options.stack];
    const flags = name === 'setup' ? [] : [...stack, ...sourceFlags(options)];
    say(`  ${quoteCommand(['kni-demo', [next[name], ...flags]])}${nameFlag(options.name)}`);
  });
