/** Reads the error that a plugin prints on stdout (CNI spec, section 5, "Error"). */
import {isObject, objectOf, stringOf} from '../lib/json.ts';
import type {CniErrorResult} from './errors.ts';
import {plainText} from './plain-text.ts';

/** A plugin that prints no such thing still has an exit status and, most likely, words on stderr or before its error. */
export const errorResultOf = ({exitCode, stdout, stderr}: ProgramOutput): CniErrorResult => {
  const error = objectOf(parseOrUndefined(stdout));
  const msg = plainText(stringOf(error['msg']) ?? '') || plainText(stderr, 'end') || plainText(stdout, 'end');
  return {
    cniCode: cniCodeOf(error['code']),
    msg: msg || `exit status ${exitCode}`,
    details: plainText(stringOf(error['details']) ?? ''),
  };
};

/**
 * Some plugins print their error and exit with 0 all the same. What has a message and a code is no result; 0 is no code of
 * an error.
 */
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
