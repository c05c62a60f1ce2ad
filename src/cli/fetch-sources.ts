/** Downloads the sources that a command reads, with the same tasks as `up`. */

import type {DemoContext} from '../stages/context.ts';
import {demoPlan} from '../stages/demo.ts';
import {requireAll, surveyHost} from '../stages/host/survey.ts';
import {type CachedSource, cachedSources} from '../stages/lib/check-patches.ts';
import {sourceIdOf} from '../stages/lib/source-id.ts';
import {lineWriter, type OutputStream} from '../view/stream.ts';
import {type LockedRunOptions, runLocked} from './run-locked.ts';
import {runWithView} from './run-with-view.ts';

/** When all sources are cached, it neither asks docker nor waits for another kni-demo. */
export const fetchSources = async (
  context: DemoContext,
  stream: OutputStream,
  turn: Omit<LockedRunOptions, 'say'>,
): Promise<readonly CachedSource[]> => {
  const plan = demoPlan(context.stack);
  const sources = await cachedSources(plan, context);
  const targets = sources.flatMap(({component, isCached}) => (isCached ? [] : [sourceIdOf(component)]));
  if (targets.length === 0) return sources;

  const {signal} = turn;
  await runLocked(context.dirs, {...turn, say: lineWriter(stream)}, async () => {
    // Sources from git need only git on this machine.
    if (targets.some((id) => plan.tasks.get(id)?.needs.length !== 0))
      requireAll(await surveyHost(context, signal), context);
    await runWithView({plan, targets, context, stream, flags: {}, signal});
  });
  return sources;
};
