/** What a tool printed, in the words of someone who has to do something about it. */

import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';

interface Explanation {
  readonly pattern: RegExp;
  readonly what: string;
  readonly tryThis: string;
}

/** As apt and npm begin the lines that say what went wrong; a compiler's output has none of these. */
const told = String.raw`^(?:E: |W: |Err:|npm (?:error|ERR!) |\s+(?:Could not|Temporary)).*`;

/** The first that fits counts: apt, where no mirror answers, complains about missing packages too. */
const explanations: readonly Explanation[] = [
  {
    pattern: /^.*(?:No space left on device|ENOSPC).*$/im,
    what: 'the disk is full',
    tryThis:
      'free some, or set XDG_CACHE_HOME to a larger disk; then run the same command again: what is finished is kept',
  },
  {
    pattern: new RegExp(
      `${told}(?:Could not (?:resolve|connect)|Temporary failure|Connection (?:refused|timed out|failed)|unreachable|` +
        'ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|407 ).*$',
      'im',
    ),
    what: 'a download failed: nobody answers',
    tryThis:
      'check the network, and the mirror that apt or the registry that npm is set to; then run the same command again',
  },
  {
    pattern: new RegExp(
      `${told}(?:Failed to fetch|Unable to (?:locate|find)|no installation candidate|was not found|Release|GPG error|E404|ETARGET|404 ).*$`,
      'im',
    ),
    what: 'a download failed: the mirror or registry does not have it',
    tryThis:
      'use a mirror of Debian, and a registry, that are complete and up to date; then run the same command again',
  },
];

/** Throws UserError where the output says why, otherwise the error itself. */
export const explain = (error: unknown): never => {
  if (!(error instanceof CommandError) || error.reason === 'cancelled') throw error;
  for (const {pattern, what, tryThis} of explanations) {
    const why = pattern.exec(error.output)?.[0].trim();
    if (why !== undefined) throw new UserError({what, why, tryThis}, {cause: error});
  }
  throw error;
};

/** The last line of prepare-tree.sh says which patch, or what is wrong with the tree. */
export const explainTree = (error: unknown): never => {
  if (!(error instanceof CommandError)) throw error;
  const lineOf = (pattern: RegExp): string | undefined => pattern.exec(error.output)?.[0];
  const failed = lineOf(/^patch does not apply: .*$/m);
  if (failed !== undefined) {
    throw new UserError(
      {
        what: failed,
        why:
          error.output
            .split('\n')
            .filter((line) => /FAILED|can't find|malformed/.test(line))
            .join('\n') || 'see the log',
        tryThis:
          'the series is made for the pinned source: correct the patch, or build a source that has it already with --no-patch; nothing of the tree was kept',
      },
      {cause: error},
    );
  }
  const unfit = lineOf(/^Go does not fit: .*$/m);
  if (unfit === undefined) throw error;
  throw new UserError(
    {
      what: 'the source cannot be built here',
      why: unfit.replace('Go does not fit: ', ''),
      tryThis: 'take a release that fits the stack, or a stack that fits the release: --stack',
    },
    {cause: error},
  );
};
