/** Replaces a runtime that is developed, without new sandboxes. A version that does not become ready is replaced by the former one. */

import {createHash} from 'node:crypto';
import {userRuntimePaths} from '../cluster/user-runtime.ts';
import type {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {awaitReady, notReady} from './ready.ts';

/** The directory of a runtime that is developed. */
export const developedId = 'dev';
export const developedName = 'runtime.mjs';

/** The node finishes this script, also when this process is killed: one of the two versions runs afterwards. */
const script = `${awaitReady}
cat >"$1.new"
echo "$2  $1.new" | sha256sum --check --status || exit 2
ln -f "$1" "$1.last"
mv -f "$1.new" "$1"
systemctl restart kni
await_ready 0 && exit 0
mv -f "$1.last" "$1"
systemctl restart kni
exit 1`;

const command = (digest: string): Command => [
  'sh',
  ['-c', script, 'sh', `${userRuntimePaths.programs}/${developedId}/${developedName}`, digest],
];

export type Deployment = {readonly kind: 'serving'} | {readonly kind: 'refused'; readonly error: UserError};

/** Resolves when the new version serves, or the former one is back. It cannot be cancelled, because it takes at most seconds. */
export const deploy = async (
  host: Host,
  {node, source, text}: {readonly node: string; readonly source: string; readonly text: string},
): Promise<Deployment> => {
  const since = Date.now();
  const digest = createHash('sha256').update(text).digest('hex');
  try {
    await host.run(command(digest), {input: text, timeout: 60_000});
    return {kind: 'serving'};
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitStatus !== 1) throw error;
    return {kind: 'refused', error: await notReady(error.output, {host, node, source, since}, error)};
  }
};
