/** Pulls an image. */

import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import {pullImage} from '../../tools/docker.ts';
import type {DemoContext} from '../context.ts';

type PullOptions = Pick<DemoContext, 'host'> & {
  readonly signal: AbortSignal;
  readonly log?: (line: string) => void;
};

/** Rejects with UserError (exit code `hostLacks`) if docker cannot pull the image. */
export const pull = async (
  image: string,
  tryThis: string,
  {host, signal, log}: PullOptions,
): Promise<void> => {
  try {
    await host.run(pullImage(image), {signal, ...(log && {onLine: log})});
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    const what = `cannot pull ${image}`;
    throw new UserError({what, why: error.lastLine, tryThis, code: 'KNI-E310'}, {cause: error});
  }
};
