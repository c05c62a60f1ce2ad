/** down: the inverse of up. Lists what it will remove, and asks. */

import {UserError} from '../../errors.ts';
import {removalsFor} from '../../removals/removals.ts';
import {hostAndDirs} from '../context.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface DownOptions {
  readonly name: string;
  readonly yes?: boolean;
  readonly all?: boolean;
  readonly purge?: boolean;
  readonly purgeForeign?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** The variable that points docker to another engine; undefined for the engine of this machine. */
const dockerHostOf = ({env}: World): string | undefined =>
  ['DOCKER_HOST', 'DOCKER_CONTEXT'].flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : []))[0];

export const down = async (
  world: World,
  {
    name,
    yes = false,
    purgeForeign = false,
    purge = purgeForeign,
    all = purge,
    json = false,
    lockTimeout,
  }: DownOptions,
): Promise<void> => {
  const {signal} = world;
  const context = hostAndDirs(world);
  const {say, note, record} = runOutput(world, json);

  await runLocked(context.dirs, {command: 'kni-demo down', lockTimeout, say: note, signal}, async () => {
    const {removals, kept} = await removalsFor(context, {
      name,
      all,
      purge,
      purgeForeign,
      dockerHost: dockerHostOf(world),
      signal,
    });
    // The user confirms this list, so --json must not hide it.
    const list = yes ? say : note;
    for (const line of kept) list(`keeps ${line}`);
    const result = {command: 'down', exitCode: 0, removed: removals.map(({what}) => what), kept};
    if (removals.length === 0) {
      say(all ? 'nothing to remove: kni-demo has made nothing here' : `cluster ${name} does not exist`);
      record('result', result);
      return;
    }
    for (const {what} of removals) list(`- ${what}`);
    if (!yes && !(await world.confirm(removals.length === 1 ? 'Remove it?' : 'Remove all of these?'))) {
      signal.throwIfAborted();
      throw new UserError({
        what: 'nothing was removed',
        why: 'you did not confirm',
        tryThis: 'run it again and answer y, or pass --yes',
        code: 'KNI-E214',
      });
    }
    for (const {remove} of removals) await remove();
    say('done');
    record('result', result);
  });
};
