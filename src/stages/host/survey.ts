/** Looks for everything at once, before anything else is done. */

import type {DemoContext} from '../context.ts';
import {type Finding, type Requirement, resumes} from '../lib/requirement.ts';
import {requirements} from './requirements.ts';
import {type Lacking, lacking, needsRoot} from './tasks.ts';

export interface Surveyed {
  readonly requirement: Requirement;
  readonly finding: Finding;
}

export const surveyHost = (context: DemoContext, signal: AbortSignal): Promise<readonly Surveyed[]> =>
  Promise.all(
    requirements.map(async (requirement) => ({
      requirement,
      finding: await requirement.look(context, signal),
    })),
  );

/** The report's lines: `+ docker    engine 26.1.5`, where `+` is there, `-` is missing and `!` is noted. */
export const surveyLines = (survey: readonly Surveyed[]): readonly string[] => {
  const width = Math.max(...survey.map(({requirement}) => requirement.name.length));
  const marks = {there: '+', noted: '!', missing: '-'} as const;
  return survey.map(({requirement: {name}, finding}) =>
    finding.is === 'missing' && resumes(finding.remedy)
      ? `${marks.noted} ${name.padEnd(width)}  ${finding.says}`
      : `${marks[finding.is]} ${name.padEnd(width)}  ${finding.is === 'missing' ? `missing: ${finding.says}` : finding.says}`,
  );
};

/** Throws UserError (exit code `hostLacks`) with all that is missing, unless it may be and can be installed. */
export const requireAll = (
  survey: readonly Surveyed[],
  {mayInstall, machine}: Pick<DemoContext, 'mayInstall' | 'machine'>,
): void => {
  const all = survey.flatMap(({requirement, finding}): readonly Lacking[] =>
    finding.is === 'missing' ? [{requirement, finding}] : [],
  );
  if (all.length === 0) return;
  const mayRun = mayInstall || all.every(({finding}) => resumes(finding.remedy));
  if (!mayRun || all.some(({finding}) => 'advice' in finding.remedy)) throw lacking(all, machine);
  const error = needsRoot(all, machine);
  if (error) throw error;
};
