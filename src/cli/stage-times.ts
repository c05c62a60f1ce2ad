/** Measures how long each stage of a run took. */

import type {RunEvent} from '../graph/events.ts';

interface Stage {
  readonly running: Set<string>;
  /** Milliseconds of finished periods. A period is a time in which at least one task runs. */
  spent: number;
  /** Start of the current period. */
  since: number;
}

/**
 * The wall time of a stage: how long at least one of its tasks ran. Tasks run side by side, so the sum of their times
 * may be longer than the whole run.
 */
export const stageTimes = (stages: readonly string[], now: () => number = () => performance.now()) => {
  const known = new Map(
    stages.map((stage): [string, Stage] => [stage, {running: new Set(), spent: 0, since: 0}]),
  );

  const emit = (event: RunEvent): void => {
    if (event.kind === 'planned') return;
    const stage = known.get(event.task.slice(0, event.task.indexOf('/')));
    if (stage === undefined) return;
    const {running} = stage;
    if (event.kind === 'started') {
      if (running.size === 0) stage.since = now();
      running.add(event.task);
    } else if (event.kind !== 'output' && running.delete(event.task) && running.size === 0) {
      stage.spent += now() - stage.since;
    }
  };

  return {
    emit,
    /** The stages that ran a task, each with its milliseconds. */
    spent: (): readonly (readonly [stage: string, ms: number])[] =>
      [...known].flatMap(([stage, {spent}]) => (spent === 0 ? [] : [[stage, spent] as const])),
  };
};
