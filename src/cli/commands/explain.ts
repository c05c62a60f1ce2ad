/** explain: prints an error code's meaning, or the list of all codes. */

import {type ErrorCode, errorCatalogue} from '../../error-catalogue.ts';
import type {ErrorEntry} from '../../error-entry.ts';
import {exitCodeOf, UserError} from '../../errors.ts';
import type {ExitCode} from '../../exit-codes.ts';
import {lineWriter} from '../../view/stream.ts';
import {columns} from '../../view/table.ts';
import type {World} from '../world.ts';

export interface ExplainOptions {
  readonly json?: boolean;
}

interface Explanation extends ErrorEntry {
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
}

/** All codes, sorted. */
export const explanations = (): readonly Explanation[] =>
  Object.entries(errorCatalogue).map(([code, entry]) => {
    if (!isErrorCode(code)) throw new RangeError(code);
    return {code, exitCode: exitCodeOf(code), ...entry};
  });

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(errorCatalogue, text);

/** Accepts `KNI-E402`, `kni-e402`, `E402` and `402`. Throws UserError (exit code `badInput`) for an unknown code. */
export const explain = ({stdout}: World, code: string | undefined, {json = false}: ExplainOptions): void => {
  const write = lineWriter(stdout);
  const all = explanations();
  if (code === undefined) {
    if (json) for (const each of all) write(JSON.stringify(each));
    else for (const line of columns(all.map((each) => [each.code, each.what]))) write(line);
    return;
  }
  const wanted = `KNI-E${code.toUpperCase().replace(/^(KNI-)?E?/, '')}`;
  const found = all.find((each) => each.code === wanted);
  if (found === undefined)
    throw new UserError({
      what: `unknown error code ${JSON.stringify(code)}`,
      why: 'codes look like KNI-E402',
      tryThis: 'list all codes: kni-demo explain',
      code: 'KNI-E201',
    });
  if (json) return write(JSON.stringify(found));
  write(`${found.code}: ${found.what}`);
  write(`why:   ${found.why}`);
  write(`try:   ${found.tryThis}`);
  write(`exit:  ${found.exitCode}`);
};
