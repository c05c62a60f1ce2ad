/** Reads the error that a plugin prints on stdout (CNI spec, section 5, "Error"). */
import {isObject, objectOf, stringOf} from '../lib/json.ts';
import type {CniErrorResult} from './errors.ts';
import {plainText} from './plain-text.ts';

/** Without a valid error, the message falls back to stderr, stdout or the exit status. */
export const errorResultOf = ({exitCode, stdout, stderr}: ProgramOutput): CniErrorResult => {
  const error = objectOf(parseOrUndefined(stdout));
  const msg = plainText(stringOf(error['msg']) ?? '') || plainText(stderr, 'end') || plainText(stdout, 'end');
  return {
    cniCode: cniCodeOf(error['code']),
    msg: msg || `exit status ${exitCode}`,
    details: plainText(stringOf(error['details']) ?? ''),
  };
};

/** Some plugins print an error but exit with 0. Output with a message and a code other than 0 is an error. */
export const isErrorResult = (stdout: string): boolean => {
  const result = parseOrUndefined(stdout);
  return isObject(result) && cniCodeOf(result['code']) !== 0 && typeof result['msg'] === 'string';
};

interface ProgramOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const cniCodeOf = (code: unknown): number =>
  typeof code === 'number' && Number.isSafeInteger(code) && code > 0 ? code : 0;

const parseOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
