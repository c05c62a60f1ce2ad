/** Surveys of a machine, and the answers of its programs. */

import {UserError} from '../../src/errors.ts';
import type {DemoContext} from '../../src/stages/context.ts';
import {requireAll, surveyHost, surveyLines} from '../../src/stages/host/survey.ts';
import {serverVersion} from '../../src/tools/docker.ts';
import {demoContext, exchange, machine} from './demo.ts';
import type {FakeHost} from './fake-host.ts';
import type {TempDir} from './temp-dir.ts';

export const {signal} = new AbortController();

export const repeated = (count: number, text: string): string => text.repeat(count);

/** Three requirements ask at the same time: packages, docker and engine. */
export const engineAnswers = (...says: readonly string[]): string => exchange(serverVersion, ...says);

export const kindAnswers = exchange(['kind', ['version']], 'kind v0.27.0 go1.24 linux/amd64');

export const noKind = exchange(['kind', ['version']], '[not found]');

export interface Surveyed {
  readonly lines: readonly string[];
  readonly error: UserError | undefined;
  readonly context: DemoContext;
}

export const survey = async (
  dir: TempDir,
  host: FakeHost,
  {
    mayInstall = false,
    workers = 1,
    ...rest
  }: Parameters<typeof machine>[0] & {mayInstall?: boolean; workers?: number} = {},
): Promise<Surveyed> => {
  const context = await demoContext(dir, host, {
    machine: machine(rest),
    mayInstall,
    cluster: {name: 'test1', workers},
  });
  const found = await surveyHost(context, signal);
  host.verify();
  try {
    requireAll(found, context);
    return {lines: surveyLines(found), error: undefined, context};
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {lines: surveyLines(found), error, context};
  }
};

export const missing = ({lines}: Surveyed): readonly string[] => lines.filter((line) => line.startsWith('-'));
