/** Reads the error that a plugin prints on stdout (CNI spec, section 5, "Error"). */
import {objectOf, stringOf} from '../json.ts';
import type {CniErrorResult} from './errors.ts';

/** A plugin that prints no such thing still has an exit status and, most likely, words on stderr. */
export const errorResultOf = ({exitCode, stdout, stderr}: ExitedWithError): CniErrorResult => {
  const error = objectOf(parsed(stdout));
  const cniCode = typeof error['code'] === 'number' ? error['code'] : 0;
  const msg = stringOf(error['msg']) || stderr.trim().slice(-shown) || `exit status ${exitCode}`;
  return {cniCode, msg, details: stringOf(error['details']) ?? ''};
};

interface ExitedWithError {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An error travels in a gRPC trailer and into Kubernetes events: the end of a long stderr must do. */
const shown = 1024;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
