/** Runs the stages up to one of them, alone on the cache, and shows their progress. */

import {markDirectories} from '../cache/marker.ts';
import {kubeconfigOf} from '../cluster/cluster.ts';
import type {RunEvent} from '../graph/events.ts';
import type {DemoContext} from '../stages/context.ts';
import {type StageName, stagesUpTo, targetsOf} from '../stages/demo.ts';
import {requireAll, surveyHost, surveyLines} from '../stages/host/survey.ts';
import {restoreLocked} from './interrupted.ts';
import {contextOfRun, planRun, type RunOptions, refuseConflictEarly} from './prepare-run.ts';
import {hasChanged, proofCollector} from './proof-collector.ts';
import {runLocked} from './run-locked.ts';
import {type RunOutput, runOutput} from './run-output.ts';
import {runWithView} from './run-with-view.ts';
import {stageTimes} from './stage-times.ts';
import {criticalPath, type RanTasks, rememberTimes, savedTime, type TaskTime} from './task-times.ts';
import type {World} from './world.ts';

export interface StagesResult {
  readonly context: DemoContext;
  /** Whether a task ran that changes something. The proof does not. */
  readonly isChanged: boolean;
  /** Milliseconds. */
  readonly ms: number;
  /** The stages that ran a task, each with its milliseconds. */
  readonly times: readonly (readonly [stage: string, ms: number])[];
  /** First task first; empty if no task ran. */
  readonly criticalPath: readonly TaskTime[];
  /** Milliseconds of earlier work whose results were used again. */
  readonly savedMs: number;
  /** The line that the runtime logged, then the checks; empty if the proof did not run. */
  readonly proof: readonly string[];
}

/** `summary` prints the result for people, before the lock is released. Rejects with RunFailed when a task failed. */
export const runStages = async (
  world: World,
  {
    command,
    last,
    options,
  }: {readonly command: string; readonly last: StageName; readonly options: RunOptions},
  summary: (result: StagesResult, output: RunOutput) => void,
): Promise<void> => {
  const begun = performance.now();
  const {signal, stdout} = world;
  const output = runOutput(world, options.json);
  const context = await contextOfRun(world, options, {say: output.say, mayWrite: true});
  const turn = {command: `kni-demo ${command}`, lockTimeout: options.lockTimeout, say: output.note, signal};
  await runLocked(context.dirs, turn, async () => {
    const survey = await surveyHost(context, signal);
    for (const line of surveyLines(survey)) output.say(line);
    output.record('survey', {
      requirements: survey.map(({requirement: {name}, finding: {kind, message}}) => ({name, kind, message})),
    });
    requireAll(survey, context);
    const planned = await planRun(context, options, signal);
    if (last === 'setup' || last === 'verify') {
      await refuseConflictEarly(planned.context, signal);
      await restoreLocked(world, planned.context, context.cluster.name, true);
    }
    await markDirectories(context.dirs);
    const stages = stagesUpTo(last);
    const recorder = runRecorder(stages);
    const ran = await runWithView({
      ...planned,
      targets: targetsOf(planned.plan, last),
      stream: stdout,
      flags: options,
      stages,
      signal,
      onEvent: recorder.emit,
    });
    const taskTimes = await rememberTimes(context.dirs, context.stack.name, recorder.ran);
    const result = {
      context,
      isChanged: hasChanged(ran),
      ms: performance.now() - begun,
      times: recorder.spent(),
      criticalPath: criticalPath(planned.plan, recorder.ran),
      savedMs: savedTime(planned.plan, recorder.ran, taskTimes),
      proof: recorder.proof,
    };
    output.record('result', {command, exitCode: 0, ...resultOf(result, last)});
    summary(result, output);
  });
};

const resultOf = (result: StagesResult, last: StageName): object => {
  const {context, isChanged, ms, times, criticalPath: path, savedMs, proof} = result;
  const {dirs, stack, cluster} = context;
  return {
    stack: stack.name,
    ...((last === 'setup' || last === 'verify') && {
      cluster: cluster.name,
      kubeconfig: kubeconfigOf(dirs, cluster.name),
    }),
    changed: isChanged,
    ms,
    stages: Object.fromEntries(times),
    criticalPath: path,
    savedMs,
    ...(proof.length > 0 && {proof}),
  };
};

/** Records the events of a run that its summary needs. */
const runRecorder = (stages: readonly StageName[]) => {
  const proof = proofCollector();
  const times = stageTimes(stages);
  const ran = new Map<string, number>();
  return {
    proof: proof.lines,
    spent: times.spent,
    ran: ran as RanTasks,
    emit: (event: RunEvent): void => {
      proof.emit(event);
      if (event.kind === 'done') ran.set(event.task, event.ms);
      times.emit(event);
    },
  };
};
