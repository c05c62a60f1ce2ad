/** Why a task failed, for people: what, why, the tool's last lines, where the rest is, what to try. */

import type {ChalkInstance} from 'chalk';
import {UserError} from '../errors.ts';
import {describeFailure, type TaskFailure} from '../graph/failure.ts';
import {CommandError} from '../host/command-error.ts';
import {quoteCommand} from '../host/quote.ts';
import {messageOf} from '../thrown.ts';
import {plainText} from './stream.ts';

/** What can be said in general: a run is made to be repeated. */
const generalHint = 'see the log, remove the cause and run the same command again: what is finished is kept';

/** Lines; empty for a task that did not start or was cancelled, which its one line in the list says. */
export const failureText = (
  {task, failure, log, lastLines}: TaskFailure,
  title: string,
  paint: ChalkInstance,
): readonly string[] => {
  if (failure.reason !== 'threw') return [];
  const {error} = failure;
  const output = outputOf(error, lastLines);
  const logPath = (error instanceof UserError ? error.log : undefined) ?? log;
  return [
    paint.red(`${title} (${task}) failed`),
    ...whyOf(error).map((line) => `  ${line}`),
    ...output.map((line) => paint.dim(`  │ ${plainText(line)}`)),
    ...commandOf(error),
    ...(logPath === undefined ? [] : [`  log: ${logPath}`]),
    ...labelled('try', error instanceof UserError ? error.tryThis : generalHint),
  ];
};

const whyOf = (error: unknown): readonly string[] => {
  if (error instanceof UserError) return [error.what, ...error.why.split('\n')];
  return [messageOf(error)];
};

/** Whole, to be pasted, where the message had to cut it. */
const commandOf = (error: unknown): readonly string[] => {
  if (!(error instanceof CommandError)) return [];
  const command = quoteCommand(error.command);
  return error.message.endsWith(command) ? [] : labelled('command', command);
};

/** A command run without a log said its last words in its error. */
const outputOf = (error: unknown, lastLines: readonly string[]): readonly string[] =>
  lastLines.length === 0 && error instanceof CommandError && error.output !== ''
    ? error.output.split('\n')
    : lastLines;

const labelled = (label: string, text: string): readonly string[] => {
  const [first, ...rest] = text.split('\n');
  return [`  ${label}: ${first}`, ...rest.map((line) => `  ${' '.repeat(label.length + 2)}${line}`)];
};

/** One line, to stand behind a task's name. */
export const failureLine = ({failure}: TaskFailure): string =>
  failure.reason === 'threw' ? `failed: ${describeFailure(failure)}` : describeFailure(failure);
