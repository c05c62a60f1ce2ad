/** Recognizes frequent failures in the output of tools, and turns them into errors that say what to do. */

import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';

interface Explanation {
  readonly pattern: RegExp;
  readonly what: string;
  readonly tryThis: string;
}

/** The start of an error line of apt or npm. A compiler's output has no such lines. */
const errorLine = String.raw`^(?:E: |W: |Err:|npm (?:error|ERR!) |\s+(?:Could not|Temporary)).*`;

/** The first match counts: when no mirror answers, apt also reports missing packages. */
const explanations: readonly Explanation[] = [
  {
    pattern: /^.*(?:No space left on device|ENOSPC).*$/im,
    what: 'the disk is full',
    tryThis:
      'free disk space, or set XDG_CACHE_HOME to a larger disk; then run the same command again: finished parts are kept',
  },
  {
    pattern: new RegExp(
      `${errorLine}(?:Could not (?:resolve|connect)|Temporary failure|Connection (?:refused|timed out|failed)|unreachable|` +
        'ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|407 ).*$',
      'im',
    ),
    what: 'a download failed: the server does not answer',
    tryThis:
      'check the network, the mirror in the settings of apt and the registry in those of npm; then run the same command again',
  },
  {
    pattern: new RegExp(
      `${errorLine}(?:Failed to fetch|Unable to (?:locate|find)|no installation candidate|was not found|Release|GPG error|E404|ETARGET|404 ).*$`,
      'im',
    ),
    what: 'a download failed: the mirror or registry does not have it',
    tryThis: 'use a complete and current Debian mirror or npm registry; then run the same command again',
  },
];

/** Throws UserError if the output explains the failure, otherwise the error itself. */
export const explain = (error: unknown): never => {
  if (!(error instanceof CommandError) || error.reason === 'cancelled') throw error;
  for (const {pattern, what, tryThis} of explanations) {
    const why = pattern.exec(error.output)?.[0].trim();
    if (why !== undefined) throw new UserError({what, why, tryThis, code: 'KNI-E107'}, {cause: error});
  }
  throw error;
};

/** Explains a failure of prepare-tree.sh, whose output names the patch or the problem of the tree. */
export const explainTree = (error: unknown): never => {
  if (!(error instanceof CommandError)) throw error;
  const lineOf = (pattern: RegExp): string | undefined => pattern.exec(error.output)?.[0];
  const failed = lineOf(/^patch does not apply: .*$/m);
  if (failed !== undefined) {
    throw new UserError(
      {
        code: 'KNI-E107',
        what: failed,
        why:
          error.output
            .split('\n')
            .filter((line) => /FAILED|can't find|malformed/.test(line))
            .join('\n') || 'see the log',
        tryThis:
          'the patches are made for the pinned source: correct this patch, or use --no-patch for a source that has the changes already; the tree was not kept',
      },
      {cause: error},
    );
  }
  const unfit = lineOf(/^Go does not fit: .*$/m);
  if (unfit === undefined) throw error;
  throw new UserError(
    {
      code: 'KNI-E108',
      what: 'the source cannot be built here',
      why: unfit.replace('Go does not fit: ', ''),
      tryThis: 'use a release that fits the stack, or choose a stack that fits the release with --stack',
    },
    {cause: error},
  );
};
