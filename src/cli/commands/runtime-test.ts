/** runtime test: checks a network runtime against the requirements of the KNI conformance suite. */

import {resolve} from 'node:path';
import {replaceFile} from '../../cache/files.ts';
import {allRequirements, groups} from '../../conformance/groups.ts';
import {junitOf} from '../../conformance/junit.ts';
import type {Requirement} from '../../conformance/requirement.ts';
import type {Result} from '../../conformance/result.ts';
import {canCheck, runSuite} from '../../conformance/run.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {isTerminal, paletteOf} from '../../view/stream.ts';
import {type Choice, chooseRequirements} from '../choose-requirements.ts';
import {type TargetFlags, targetOf} from '../choose-target.ts';
import {conformanceText, requirementsText, type Summary} from '../conformance-text.ts';
import {prepareOutput, unwritable} from '../output-file.ts';
import {SilentExit} from '../report.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface RuntimeTestOptions extends Choice, TargetFlags {
  readonly list?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
}

/** Throws SilentExit with exit code `failed` if the runtime fails a MUST, after all requirements have run. */
export const runtimeTest = async (
  world: World,
  source: string | undefined,
  options: RuntimeTestOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const {say, record} = runOutput(world, options.json);
  const chosen = chooseRequirements(groups, options);
  const paint = paletteOf(stdout);
  if (options.list) {
    for (const {requirement, group} of chosen) record('requirement', fieldsOf(requirement, group.name));
    for (const line of requirementsText(chosen, paint)) say(line);
    return;
  }
  const junit =
    options.junit === undefined ? undefined : resolve(world.directory ?? process.cwd(), options.junit);
  // Before a compiler and the suite run for minutes.
  if (junit !== undefined) await prepareOutput({file: junit, flag: '--junit', usualName: 'results.xml'});
  const {target, what} = await targetOf(world, source, options);
  const [possible, others] = split(chosen, ({requirement}) => canCheck(target.kind, requirement.needs));
  if (possible.length === 0)
    throw new UserError({
      what: `cannot check ${options.requirement?.join(', ') ?? 'these groups'} on a running node`,
      why: 'they need a node of their own, on which the runtime can be stopped',
      tryThis: 'give the program of the runtime: kni-demo runtime test DIR, or --exec FILE',
      code: 'KNI-E217',
    });

  const text = conformanceText(say, paint, isTerminal(stdout) ? stdout.columns : undefined);
  text.begun(what, possible.length);
  const groupOf = new Map(chosen.map(({requirement, group}) => [requirement.id, group]));
  const begun = performance.now();
  const results = await runSuite(
    target,
    possible.map(({requirement, group}) => ({...requirement, isSlow: group.isSlow ?? false})),
    {
      signal,
      onStart: ({id}) => text.starting(groupOf.get(id)),
      onResult(requirement, result) {
        record('requirement', {
          ...fieldsOf(requirement, groupOf.get(requirement.id)?.name ?? ''),
          ...fieldsOfResult(result),
        });
        text.checked(requirement, result);
      },
    },
  );
  if (junit !== undefined) await writeJunit(junit, results);
  const summary = summaryOf(results);
  const exitCode = summary.failedMust === 0 ? exitCodes.ok : exitCodes.failed;
  const ms = Math.round(performance.now() - begun);
  record('result', {
    command: 'runtime test',
    exitCode,
    ms,
    conformant: summary.failedMust === 0,
    ...summary,
    unchecked: others.length,
  });
  const isPartial = results.length < allRequirements.length;
  text.ended({...summary, unchecked: others.length, isPartial, ms});
  if (exitCode !== exitCodes.ok) throw new SilentExit(exitCode);
};

const fieldsOf = ({id, level, source, title, needs}: Requirement, group: string) => ({
  id,
  group,
  level,
  title,
  source,
  needs,
});

const fieldsOfResult = ({outcome, took}: Result) => ({
  outcome: outcome.kind,
  ms: Math.round(took),
  ...(outcome.kind === 'failed' && outcome.failure),
  ...(outcome.kind === 'skipped' && {reason: outcome.reason}),
});

const split = <T>(items: readonly T[], test: (item: T) => boolean): readonly [readonly T[], readonly T[]] => [
  items.filter(test),
  items.filter((item) => !test(item)),
];

const summaryOf = (results: readonly Result[]): Summary => {
  const levels = new Map(allRequirements.map(({id, level}) => [id, level]));
  const failed = results.filter(({outcome}) => outcome.kind === 'failed');
  const must = failed.filter(({id}) => levels.get(id) === 'MUST');
  const countOf = (kind: string): number => results.filter(({outcome}) => outcome.kind === kind).length;
  return {
    passed: countOf('passed'),
    failedMust: must.length,
    failedOther: failed.length - must.length,
    skipped: countOf('skipped'),
  };
};

const writeJunit = async (file: string, results: readonly Result[]): Promise<void> => {
  const suites = groups.map(({name, requirements}) => ({
    name,
    cases: results.flatMap((result) => {
      const requirement = requirements.find(({id}) => id === result.id);
      return requirement === undefined ? [] : [{requirement, result}];
    }),
  }));
  await replaceFile(file, junitOf(suites.filter(({cases}) => cases.length > 0))).catch(
    (error: unknown): never => {
      throw unwritable(file, '--junit', error);
    },
  );
};
