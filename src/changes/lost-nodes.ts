/** Finds nodes that were stopped or removed while a command worked on them: its error then names only a symptom. */

import {nameFlag, nodesOf, recreateHint, workersOf} from '../cluster/cluster.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import type {NodeContainer} from '../tools/docker.ts';

/** Milliseconds for each question. */
const timeout = 20_000;

/** The nodes as they are after a failure. While `docker stop` waits for a node, docker says that it runs, so its systemd is asked. */
export const nodesLeft = async (
  host: Host,
  before: readonly NodeContainer[],
): Promise<readonly NodeContainer[]> => {
  const signal = AbortSignal.timeout(timeout);
  const found = await nodesOf(host, before[0]?.cluster, signal).catch(() => before);
  return Promise.all(
    found.map(async (node) => ({...node, running: node.running && !(await isStopping(host, node.name))})),
  );
};

const isStopping = async (host: Host, node: string): Promise<boolean> => {
  const ask = ['docker', ['exec', node, 'systemctl', 'is-system-running']] as const;
  const state = await host.run(ask, {timeout}).then(
    ({stdout}) => stdout,
    (error: unknown) => (error instanceof CommandError ? error.output : ''),
  );
  return /^(?:stopping|offline|unknown)$|Connection refused|is not running/m.test(state);
};

/** Throws UserError if a node of `before` does not run any more. */
export const refuseLost = (
  {cluster, command}: {readonly cluster: string; readonly command: string},
  before: readonly NodeContainer[],
  left: readonly NodeContainer[],
  cause: unknown,
): void => {
  const after = new Map(left.map(({name, running}) => [name, running]));
  const removed = before.filter(({name}) => !after.has(name));
  const stopped = before.filter(({name, running}) => running && after.get(name) === false);
  if (removed.length + stopped.length === 0) return;
  const lost = [
    ...removed.map(({name}) => `node ${name} was removed`),
    ...stopped.map(({name}) => `node ${name} was stopped`),
  ];
  throw new UserError(
    {
      what: `\`${command}\` failed`,
      why: `${lost.join(', ')} meanwhile`,
      tryThis:
        removed.length > 0
          ? recreateHint(cluster, workersOf(before))
          : `restore the node, then run the same command again: kni-demo up${nameFlag(cluster)}`,
      code: 'KNI-E120',
    },
    {cause},
  );
};
