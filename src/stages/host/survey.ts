/** Checks all requirements at once, before anything is changed. */

import type {DemoContext} from '../context.ts';
import {type MissingRequirement, missingError, needsRootError} from '../lib/missing-requirements.ts';
import {type Finding, type Requirement, resumes} from '../lib/requirement.ts';
import {requirements} from './requirements.ts';

export interface SurveyEntry {
  readonly requirement: Requirement;
  readonly finding: Finding;
}

/** By default checks what a cluster needs. */
export const surveyHost = (
  context: DemoContext,
  signal: AbortSignal,
  needed: readonly Requirement[] = requirements,
): Promise<readonly SurveyEntry[]> =>
  Promise.all(
    needed.map(async (requirement) => ({
      requirement,
      finding: await requirement.check(context, signal),
    })),
  );

const marks = {present: '+', warning: '!', missing: '-'} as const;

/** The lines of the report: `+ docker    engine 26.1.5`. */
export const surveyLines = (survey: readonly SurveyEntry[]): readonly string[] => {
  const width = Math.max(...survey.map(({requirement}) => requirement.name.length));
  return survey.map(({requirement: {name}, finding}) => {
    const {kind, message} = finding;
    const line = (mark: string, text: string): string => `${mark} ${name.padEnd(width)}  ${text}`;
    if (kind !== 'missing') return line(marks[kind], message);
    return resumes(finding.remedy)
      ? line(marks.warning, message)
      : line(marks.missing, `missing: ${message}`);
  });
};

/** Throws UserError (exit code `hostLacks`) with everything that is missing, unless kni-demo can and may install it. */
export const requireAll = (
  survey: readonly SurveyEntry[],
  {mayInstall, machine}: Pick<DemoContext, 'mayInstall' | 'machine'>,
): void => {
  const all = survey.flatMap(({requirement, finding}): readonly MissingRequirement[] =>
    finding.kind === 'missing' ? [{requirement, finding}] : [],
  );
  if (all.length === 0) return;
  const mayRun = mayInstall || all.every(({finding}) => resumes(finding.remedy));
  if (!mayRun || all.some(({finding}) => finding.remedy.kind === 'advice')) throw missingError(all, machine);
  const error = needsRootError(all, machine);
  if (error) throw error;
};
