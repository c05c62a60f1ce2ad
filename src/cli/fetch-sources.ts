/** Brings what a command reads of the sources into the cache, by the same tasks as `up`. */

import {logPathOf} from '../cache/dirs.ts';
import {withLock} from '../cache/lock.ts';
import {runTasks} from '../graph/run.ts';
import {type CachedSource, cachedSources, sourceTaskOf} from '../stages/check-patches.ts';
import type {DemoContext} from '../stages/context.ts';
import {demoPlan} from '../stages/demo.ts';
import {requireAll, surveyHost} from '../stages/host/survey.ts';
import {createView, viewKind} from '../view/create-view.ts';
import {lineWriter, type OutputStream} from '../view/stream.ts';
import {RunFailed} from './report.ts';
import type {World} from './world.ts';

/** Where all are there nothing is asked of docker, and no other kni-demo is waited for. */
export const fetchSources = async (
  context: DemoContext,
  stream: OutputStream,
  {signal}: Pick<World, 'signal'>,
): Promise<readonly CachedSource[]> => {
  const plan = demoPlan();
  const sources = await cachedSources(plan, context);
  const targets = sources.flatMap(({component, isThere}) => (isThere ? [] : [sourceTaskOf(component)]));
  if (targets.length === 0) return sources;

  const onWait = ({pid}: {pid: number | undefined}): void =>
    lineWriter(stream)(`waiting for another kni-demo, process ${pid ?? 'unknown'}`);
  await withLock(context.dirs, {wait: true, onWait, signal}, async () => {
    requireAll(await surveyHost(context, signal), context);
    const view = createView(viewKind({}, stream), stream);
    const {emit} = view;
    const logs = (id: string): string => logPathOf(context.dirs, id);
    const result = await runTasks(plan, {context, targets, signal, emit, logs});
    await view.close();
    signal.throwIfAborted();
    if (!result.ok) throw new RunFailed(result.failures);
  });
  return sources;
};
