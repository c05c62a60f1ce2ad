/** Runs tasks of the plan and shows their progress. */

import {logPathOf} from '../cache/dirs.ts';
import type {RunEvent} from '../graph/events.ts';
import type {FingerprintOf} from '../graph/fingerprint.ts';
import type {Plan} from '../graph/plan.ts';
import {runTasks} from '../graph/run.ts';
import type {DemoContext} from '../stages/context.ts';
import {createView, type ViewFlags, viewKind} from '../view/create-view.ts';
import type {OutputStream} from '../view/stream.ts';
import {RunFailed} from './report.ts';

export interface ViewedRun {
  readonly plan: Plan<DemoContext>;
  readonly targets: readonly string[];
  readonly context: DemoContext;
  /** The fingerprints of the plan, if the caller has computed them. */
  readonly fingerprintOf?: FingerprintOf | undefined;
  readonly stream: OutputStream;
  readonly flags: ViewFlags;
  /** The stages that the view shows even if they have nothing to do. */
  readonly stages?: readonly string[];
  readonly signal: AbortSignal;
  /** Called with each event before the view shows it. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** Returns the ids of the tasks that ran. Rejects with RunFailed when a task failed, after the view has shown it. */
export const runWithView = async ({
  plan,
  targets,
  context,
  fingerprintOf,
  stream,
  flags,
  stages,
  signal,
  onEvent,
}: ViewedRun): Promise<readonly string[]> => {
  const view = createView(viewKind(flags, stream), stream, {...flags, ...(stages && {stages})});
  const emit = (event: RunEvent): void => {
    onEvent?.(event);
    view.emit(event);
  };
  const logs = (id: string): string => logPathOf(context.dirs, id);
  const result = await runTasks(plan, {context, fingerprintOf, targets, signal, emit, logs});
  await view.close();
  signal.throwIfAborted();
  if (!result.ok) throw new RunFailed(result.failures);
  return result.ran;
};
