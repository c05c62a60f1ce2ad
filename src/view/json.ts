/** Prints one JSON object per event, for programs. */

import {UserError} from '../errors.ts';
import type {RunEvent} from '../graph/events.ts';
import {describeFailure, type Failure} from '../graph/failure.ts';
import {CommandError} from '../host/command-error.ts';
import {quoteCommand} from '../host/quote.ts';
import {lineWriter, type OutputStream} from './stream.ts';
import type {View} from './view.ts';

/** `{"time":"2026-11-24T02:00:00.000Z","type":"done","task":"build/kubelet","ms":12345}` */
export const jsonView = (stream: OutputStream, now: () => Date = () => new Date()): View => {
  const write = lineWriter(stream);
  return {
    emit: (event) => write(JSON.stringify({time: now().toISOString(), ...plainEvent(event)})),
    close: () => Promise.resolve(),
  };
};

/** The output names the discriminators `type` and `reason`. */
const plainEvent = ({kind: type, ...event}: RunEvent): object =>
  'failure' in event ? {type, ...event, failure: plainFailure(event.failure)} : {type, ...event};

const plainFailure = (failure: Failure): object => {
  const {kind: reason, ...details} = failure;
  const error = failure.kind === 'threw' ? {error: plainError(failure.error)} : {};
  return {reason, ...details, ...error, message: describeFailure(failure)};
};

const plainError = (error: unknown): object => {
  if (error instanceof UserError) {
    const {name, errorCode: code, what, why, tryThis, exitCode, log} = error;
    return {name, code, what, why, tryThis, exitCode, log};
  }
  if (error instanceof CommandError) {
    const {name, command, reason, output} = error;
    return {name, command: quoteCommand(command), reason, output};
  }
  return error instanceof Error ? {name: error.name, message: error.message} : {message: String(error)};
};
