/** Follows the new output of the network runtimes of all nodes, in any format. */

import type {Cluster} from '../cluster/cluster.ts';
import {CommandError} from '../host/command-error.ts';
import {kniServiceLog} from '../tools/journalctl.ts';
import {untilStdinEnds} from '../tools/until-stdin-ends.ts';

/** Resolves when the signal aborts, or when no node can be read any more. */
export const followLogs = async (
  cluster: Pick<Cluster, 'nodes' | 'node'>,
  onLine: (node: string, line: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const follow = untilStdinEnds(kniServiceLog({follow: true}));
  await Promise.all(
    cluster.nodes.map(async ({name}) => {
      try {
        await cluster.node(name).run(follow, {
          signal,
          holdInput: true,
          onLine: (line) => {
            if (line.trim() !== '' && !line.startsWith('-- ')) onLine(name, line);
          },
        });
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (!signal.aborted) onLine(name, `cannot follow the log: ${error.lastLine}`);
      }
    }),
  );
};
