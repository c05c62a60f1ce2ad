/** plan and up --dry-run: show what `up` would do. Changes nothing, and needs neither the lock nor a docker engine. */

import {access, constants, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {exists} from '../../cache/files.ts';
import {type Prediction, preview} from '../../graph/preview.ts';
import type {DemoContext} from '../../stages/context.ts';
import {stageOf, targetsOf} from '../../stages/demo.ts';
import {type SurveyEntry, surveyHost} from '../../stages/host/survey.ts';
import {messageOf} from '../../thrown.ts';
import {isTerminal, lineWriter, paletteOf} from '../../view/stream.ts';
import {type PlanReport, type PlanState, planDot, planMermaid, planText} from '../plan-text.ts';
import {contextOfRun, planRun, type RunOptions, refuseConflictEarly} from '../prepare-run.ts';
import type {World} from '../world.ts';

export const planFormats = ['text', 'json', 'mermaid', 'dot'] as const;

export interface PlanOptions extends Omit<RunOptions, 'lockTimeout'> {
  readonly format?: (typeof planFormats)[number];
}

/** Throws UserError (exit code `conflict`) for a cluster that `up` would refuse. */
export const plan = async (world: World, options: PlanOptions): Promise<void> => {
  const {signal, stdout} = world;
  const format = options.json ? 'json' : (options.format ?? 'text');
  const write = lineWriter(stdout);
  const context = await contextOfRun(world, options, {
    say: format === 'text' ? write : () => undefined,
    mayWrite: false,
  });
  const report = await reportOf({...context, machine: {...context.machine, whyNotWritable}}, options, signal);
  const width = isTerminal(stdout) ? stdout.columns || 80 : 80;
  if (format === 'json') return write(JSON.stringify(report));
  const lines = {
    text: () => planText(report, {paint: paletteOf(stdout), width}),
    mermaid: () => planMermaid(report),
    dot: () => planDot(report),
  }[format]();
  for (const line of lines) write(line);
};

const reportOf = async (
  given: DemoContext,
  options: PlanOptions,
  signal: AbortSignal,
): Promise<PlanReport> => {
  const [survey, planned] = await Promise.all([
    surveyHost(given, signal),
    options.source.length === 0
      ? planRun(given, options, signal)
      : inTemporaryCache(given, (context) => planRun(context, options, signal)),
  ]);
  const context = {...planned.context, dirs: given.dirs};
  await refuseConflictEarly(context, signal);
  const predictions = await preview(planned.plan, targetsOf(planned.plan, 'verify'), {context, signal});
  const findings = new Map(survey.map((entry) => [entry.requirement.id as string, entry]));
  const tasks = [...planned.plan.tasks.values()].map(({id, title, needs}) => {
    const entry = findings.get(id);
    const prediction = entry === undefined ? predictions.get(id) : stateOfHost(entry);
    if (prediction === undefined) throw new RangeError(`no prediction for ${id}`);
    return {id, stage: stageOf(id), title, needs, ...prediction};
  });
  return {stack: context.stack.name, cluster: context.cluster.name, tasks};
};

/** Requirements are checked even if no task needs them, as `up` does. */
const stateOfHost = ({finding}: SurveyEntry): Prediction | {state: PlanState; reason: string} => {
  if (finding.kind !== 'missing') return {state: 'done', reason: finding.message};
  const {message, remedy} = finding;
  return remedy.kind === 'advice'
    ? {state: 'would-fail', reason: `${message}; ${remedy.advice}`}
    : {state: 'would-run', reason: remedy.resumes ? message : `${message}; needs up --yes`};
};

/** A directory of the user's own sources is read through a scratch directory, which must not appear in the cache. */
const inTemporaryCache = async <T>(
  context: DemoContext,
  work: (context: DemoContext) => Promise<T>,
): Promise<T> => {
  const cache = await mkdtemp(join(tmpdir(), 'kni-demo-plan-'));
  try {
    return await work({...context, dirs: {...context.dirs, cache}});
  } finally {
    await rm(cache, {recursive: true, force: true});
  }
};

/** As `Machine.whyNotWritable`, without a probe file. */
const whyNotWritable = async (directory: string): Promise<string | undefined> => {
  if (!(await exists(directory)) && dirname(directory) !== directory)
    return whyNotWritable(dirname(directory));
  return access(directory, constants.W_OK).then(() => undefined, messageOf);
};
