/** Joins equal commands, so that tasks which ask the same question at the same time share one process. */

import {setImmediate} from 'node:timers/promises';
import type {CommandResult, Host} from './host.ts';

const joiningHosts = new WeakMap<Host, Host>();

/**
 * The same host for commands that only read. A command starts after this turn of the event loop, and equal commands of
 * this turn get its result: no answer is older than its question. The options of the first call count. Commands with input
 * or `onLine` are not joined.
 */
export const joinRuns = (host: Host): Host => {
  const known = joiningHosts.get(host);
  if (known !== undefined) return known;
  const waiting = new Map<string, Promise<CommandResult>>();
  const joining: Host = {
    run(command, options = {}) {
      if (options.input !== undefined || options.onLine !== undefined) return host.run(command, options);
      const key = JSON.stringify([command, options.cwd, options.env]);
      const joined = waiting.get(key) ?? later(key, () => host.run(command, options));
      waiting.set(key, joined);
      return joined;
    },
  };
  const later = async (key: string, run: () => Promise<CommandResult>): Promise<CommandResult> => {
    await setImmediate();
    waiting.delete(key);
    return run();
  };
  joiningHosts.set(host, joining);
  return joining;
};
