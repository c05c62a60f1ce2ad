/** Finds what deleted pods have left on the nodes of the user's clusters. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {nodeHost} from '../host/node-host.ts';
import type {Status} from '../status/gather.ts';
import {askOrphans, type Orphans, parseOrphans} from '../tools/kni-runtime.ts';
import type {CheckResult} from './checks.ts';

/** One result for each node whose network runtime answers. Those of other projects cannot list orphans: they have no result. */
export const orphanChecks = async (
  host: Host,
  {clusters}: Pick<Status, 'clusters'>,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> => {
  const nodes = clusters.flatMap((cluster) => cluster.nodes);
  const asked = nodes.filter(({runtime}) => runtime !== undefined && runtime.why === undefined);
  return (await Promise.all(asked.map(({name}) => checkNode(host, name, signal)))).flat();
};

const checkNode = async (host: Host, node: string, signal: AbortSignal): Promise<readonly CheckResult[]> => {
  try {
    const {stdout} = await nodeHost(host, node).run(askOrphans, {signal, timeout: 20_000});
    const found = summaryOf(parseOrphans(stdout));
    const name = `node ${node}`;
    if (found === '') return [{name, kind: 'ok', message: 'nothing is left of deleted pods'}];
    return [
      {
        name,
        kind: 'warning',
        message: `without a pod: ${found}`,
        fix: `docker exec ${node} kni-runtime orphans\ndocker exec ${node} kni-runtime reconcile`,
      },
    ];
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return [];
  }
};

const summaryOf = ({netns, addresses, links, chains}: Orphans): string =>
  [
    `${netns.length} netns`,
    `${addresses.length} addresses`,
    `${links.length} links`,
    `${chains.length} iptables chains`,
  ]
    .filter((text) => !text.startsWith('0 '))
    .join(', ');
