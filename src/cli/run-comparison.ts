/** Compares CNI and KNI on a worker, and shows the result to people. */

import {withChanges} from '../changes/changes.ts';
import {type Cluster, nameFlag, requireAllNodes, requireCluster} from '../cluster/cluster.ts';
import {refuseUserRuntime} from '../cluster/user-runtime.ts';
import {type Comparison, compareNetworks} from '../compare/compare.ts';
import {seconds} from '../duration.ts';
import {UserError} from '../errors.ts';
import {comparisonText} from './comparison-text.ts';
import {hostAndDirs} from './context.ts';
import {startingAnew} from './interrupted.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

export interface ComparisonOptions {
  /** The cluster's name. */
  readonly name: string;
  readonly pods: number;
  /** The name of the worker's container. Default: the first worker. */
  readonly node?: string | undefined;
  readonly json?: boolean | undefined;
  /** The whole command, which holds the lock: `kni-demo compare`. */
  readonly command: string;
  /** Called before each screen of the result. */
  readonly pause?: () => Promise<void>;
  /** Called for each line that is printed for people. */
  readonly printed?: () => void;
}

export const runComparison = async (
  world: World,
  {name, pods, node, json, command, pause, printed}: ComparisonOptions,
): Promise<Comparison> => {
  const {signal} = world;
  const place = hostAndDirs(world);
  const {say, note} = runOutput(world, json, printed);
  const begun = performance.now();
  const cluster = await requireCluster(place, name, signal);
  await requireAllNodes(place.dirs, name, cluster.nodes);
  await refuseUserRuntime(cluster, 'compare CNI with KNI', signal);
  const worker = workerOf(cluster, name, node);
  say(`Comparing CNI and KNI on ${worker} with ${pods} pods each.`);
  say('Its other pods restart twice.');
  const result = await startingAnew(world, () =>
    withChanges(place, {cluster: name, command, signal, say: note}, (changes) =>
      compareNetworks(changes, {node: worker, pods, signal, say: note}),
    ),
  );
  for (const lines of comparisonText(result, pause !== undefined)) {
    await pause?.();
    for (const line of ['', ...lines]) say(line);
  }
  say('');
  say(`${worker} is restored. ${seconds(performance.now() - begun)}`);
  return result;
};

/** Throws UserError for an unknown node and for the control plane, which runs the API server. */
const workerOf = (cluster: Cluster, name: string, wanted: string | undefined): string => {
  if (wanted !== undefined) cluster.node(wanted); // throws when the node is unknown
  const workers = cluster.nodes.filter(({role}) => role === 'worker').map((each) => each.name);
  const worker = wanted ?? workers[0];
  if (worker !== undefined && workers.includes(worker)) return worker;
  throw new UserError({
    what: wanted === undefined ? `cluster ${name} has no worker` : `cannot switch node ${wanted}`,
    why: 'only a worker can be switched: the control plane runs the API server',
    tryThis:
      workers.length > 0
        ? `choose a worker with --node: ${workers.join(', ')}`
        : `recreate the cluster: kni-demo down${nameFlag(name)}, then kni-demo up${nameFlag(name)} --workers 1`,
    code: 'KNI-E208',
  });
};
