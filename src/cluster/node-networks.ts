/** Asks every node's network runtime for its networks. A node that does not answer gets a reason instead. */

import {CommandError} from '../host/command-error.ts';
import {messageOf} from '../thrown.ts';
import type {NodeContainer} from '../tools/docker.ts';
import {askNetworks, type NodeNetwork, parseNetworks} from '../tools/kni-runtime.ts';
import {type Cluster, nameFlag, recreateHint, workersOf} from './cluster.ts';
import {type NoAnswer, noAnswer} from './no-answer.ts';

export type NodeAnswer =
  | {readonly node: string; readonly networks: readonly NodeNetwork[]}
  | ({readonly node: string} & NoAnswer);

/** Asks all nodes at the same time. Rejects only when cancelled. */
export const networksOfNodes = (cluster: Cluster, signal: AbortSignal): Promise<readonly NodeAnswer[]> =>
  Promise.all(cluster.nodes.map((node) => ask(cluster, node, signal)));

/** Answers for nodes whose containers were removed. */
export const answersOfRemoved = (
  cluster: string,
  removed: readonly string[],
  workers?: number,
): readonly NodeAnswer[] =>
  removed.map((node) => ({node, why: 'its container was removed', tryThis: recreateHint(cluster, workers)}));

const ask = async (
  cluster: Cluster,
  {name: node, running, cluster: name}: NodeContainer,
  signal: AbortSignal,
): Promise<NodeAnswer> => {
  if (!running) return {node, why: 'it is stopped', tryThis: `start it: kni-demo start${nameFlag(name)}`};
  try {
    const {stdout} = await cluster.node(node).run(askNetworks, {signal});
    return {node, networks: parseNetworks(stdout)};
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CommandError)
      return {node, ...noAnswer(error, {node, cluster: name, workers: workersOf(cluster.nodes)})};
    // An unreadable answer of one node must not hide the others.
    return {
      node,
      why: messageOf(error),
      tryThis: `run it yourself: docker exec ${node} kni-runtime networks`,
    };
  }
};
