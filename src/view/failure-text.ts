/** Explains a failed task: what failed, why, the last lines of output, the log file and advice. */

import type {ChalkInstance} from 'chalk';
import {UserError} from '../errors.ts';
import {describeFailure, type TaskFailure} from '../graph/failure.ts';
import {CommandError} from '../host/command-error.ts';
import {quoteCommand} from '../host/quote.ts';
import {messageOf} from '../thrown.ts';
import {plainText} from './stream.ts';

/** Advice for any failure: a run can be repeated. */
const generalHint = 'see the log, fix the cause and run the same command again; finished tasks are kept';

/** Empty for a task that was cancelled or not started: its line in the list is enough. */
export const failureText = (
  {task, failure, log, lastLines}: TaskFailure,
  title: string,
  paint: ChalkInstance,
): readonly string[] => {
  if (failure.kind !== 'threw') return [];
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
    ...(error instanceof UserError ? [`  more: kni-demo explain ${error.errorCode}`] : []),
  ];
};

const whyOf = (error: unknown): readonly string[] => {
  if (error instanceof UserError) return [error.what, ...error.why.split('\n')];
  return [messageOf(error)];
};

/** The whole command for pasting, if the message had to shorten it. */
const commandOf = (error: unknown): readonly string[] => {
  if (!(error instanceof CommandError)) return [];
  const command = quoteCommand(error.command);
  return error.message.endsWith(command) ? [] : labelled('command', command);
};

/** A command that ran without a log has its last lines only in its error. */
const outputOf = (error: unknown, lastLines: readonly string[]): readonly string[] => {
  if (!(error instanceof CommandError) || lastLines.includes(error.lastLine)) return lastLines;
  return [...lastLines, ...error.output.split('\n').filter(Boolean)];
};

const labelled = (label: string, text: string): readonly string[] => {
  const [first, ...rest] = text.split('\n');
  return [`  ${label}: ${first}`, ...rest.map((line) => `  ${' '.repeat(label.length + 2)}${line}`)];
};

/** One line, shown after the task's name. */
export const failureLine = ({failure}: TaskFailure): string =>
  failure.kind === 'threw' ? `failed: ${describeFailure(failure)}` : describeFailure(failure);
