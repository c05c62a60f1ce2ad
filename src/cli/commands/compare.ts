/** compare: the same pods through CNI in containerd and through KNI, on one worker that is switched and switched back. */

import {withChanges} from '../../changes/changes.ts';
import {type Cluster, nameFlag, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {compareNetworks} from '../../compare/compare.ts';
import {seconds} from '../../duration.ts';
import {UserError} from '../../errors.ts';
import {comparisonText} from '../comparison-text.ts';
import {hostAndDirs} from '../context.ts';
import {startingAnew} from '../interrupted.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface CompareOptions {
  readonly name: string;
  readonly pods: number;
  readonly node?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

export const compare = async (
  world: World,
  {name, pods, node, json, lockTimeout}: CompareOptions,
): Promise<void> => {
  const {signal} = world;
  const place = hostAndDirs(world);
  const {say, note, record} = runOutput(world, json);
  const command = 'kni-demo compare';
  await runLocked(place.dirs, {command, lockTimeout, say: note, signal}, async () => {
    const begun = performance.now();
    const cluster = await requireCluster(place, name, signal);
    requireRunning(name, cluster.nodes);
    const worker = workerOf(cluster, name, node);
    say(`Comparing CNI and KNI on ${worker} with ${pods} pods each. Its other pods restart twice.`);
    const result = await startingAnew(world, () =>
      withChanges(place, {cluster: name, command, signal, say: note}, (changes) =>
        compareNetworks(changes, {node: worker, pods, signal, say: note}),
      ),
    );
    record('result', {command: 'compare', exitCode: 0, cluster: name, ...result});
    for (const line of comparisonText(result)) say(line);
    say('');
    say(`${worker} is as it was. ${seconds(performance.now() - begun)}`);
  });
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
