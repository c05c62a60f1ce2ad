/** Refuses a node whose kni-runtime command lacks what a switch needs, before anything is changed. */

import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';

export interface Need {
  /** The purpose, as an infinitive: `switch node test1-worker`. */
  readonly to: string;
  /** A subcommand or flag, as the help shows it. */
  readonly feature: string;
}

export const refuseOldClient = async (
  host: Host,
  {to, feature}: Need,
  signal: AbortSignal,
): Promise<void> => {
  const {stdout} = await host.run(['kni-runtime', ['--help']], {signal, timeout: 20_000});
  if (stdout.includes(feature.split(' ').at(-1) ?? feature)) return;
  throw new UserError({
    what: `cannot ${to}`,
    why: `its kni-runtime command is too old: it has no ${feature}`,
    tryThis: 'update it: kni-demo up',
    code: 'KNI-E119',
  });
};
