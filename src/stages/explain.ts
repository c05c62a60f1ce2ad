/** What a tool printed, in the words of someone who has to do something about it. */

import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';

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

/** The script's last line says which patch. */
export const explainPatch = (error: unknown): never => {
  const failed = error instanceof CommandError && /^patch does not apply: .*$/m.exec(error.output)?.[0];
  if (!failed) throw error;
  throw new UserError(
    {
      what: failed,
      why:
        error.output
          .split('\n')
          .filter((line) => /FAILED|can't find|malformed/.test(line))
          .join('\n') || 'see the log',
      tryThis: 'the series is made for the pinned source: correct the patch; nothing of the tree was kept',
    },
    {cause: error},
  );
};
