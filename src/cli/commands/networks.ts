/** networks: shows the networks that every node's network runtime reports. */

import {readRecord, removedNodes, requireCluster} from '../../cluster/cluster.ts';
import {chosenNetwork} from '../../cluster/network-record.ts';
import {answersOfRemoved, type NodeAnswer, networksOfNodes} from '../../cluster/node-networks.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Network} from '../../networks/network.ts';
import type {NodeNetwork} from '../../tools/kni-runtime.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {columns, oneLine} from '../../view/table.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface NetworksOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Throws SilentExit when a node did not answer, after showing the others. */
export const networks = async (world: World, {name, json = false}: NetworksOptions): Promise<void> => {
  const {signal, stdout} = world;
  const {dirs} = hostAndDirs(world);
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  await noteChanges(world, name);
  const record = await readRecord(dirs, name);
  const removed = answersOfRemoved(name, removedNodes(name, record, cluster.nodes), record?.workers);
  const answers = [...(await networksOfNodes(cluster, signal)), ...removed];
  const write = lineWriter(stdout);
  const paint = paletteOf(stdout);

  if (json) for (const answer of answers) write(JSON.stringify(answer));
  else {
    const rows = answers.flatMap(rowsOf);
    const [header = '', ...lines] = columns([
      ['NODE', 'NETWORK', 'STATE', 'ADDRESSES'],
      ...rows.map(({cells}) => cells),
    ]);
    write(paint.dim(header));
    for (const [index, {tone, below}] of rows.entries()) {
      const colour = tone === 'plain' ? (line: string) => line : paint[tone];
      for (const line of [lines[index] ?? '', ...below.map((each) => `  ${oneLine(each)}`)])
        write(colour(line));
    }
    const chosen = await chosenNetwork(dirs, name);
    if (chosen !== undefined) write(chosenText(chosen));
  }
  if (answers.some((answer) => 'why' in answer)) throw new SilentExit(exitCodes.failed);
};

/** The CNI name of a manifest without a definition is not known. */
const chosenText = ({name, cniName, isKnown}: Network): string =>
  `pods get network ${oneLine(name)}${isKnown && name !== cniName ? `, in CNI ${cniName}` : ''}`;

interface Row {
  readonly cells: readonly string[];
  readonly tone: 'plain' | 'yellow' | 'red';
  /** Sentences that are too long for a column. */
  readonly below: readonly string[];
}

const rowsOf = (answer: NodeAnswer): readonly Row[] => {
  const {node} = answer;
  if ('why' in answer) {
    const {why, tryThis} = answer;
    return [{cells: [node, '-', 'unknown', '-'], tone: 'red', below: [why, `try: ${tryThis}`]}];
  }
  if (answer.networks.length === 0)
    return [
      {cells: [node, '-', 'not ready', '-'], tone: 'red', below: ['the network runtime reports no network']},
    ];
  return answer.networks.map((network) => rowOf(node, network));
};

const rowOf = (node: string, network: NodeNetwork): Row => {
  const {name, ready, used, capacity} = network;
  const addresses = used === undefined ? '-' : capacity === undefined ? `${used}` : `${used} of ${capacity}`;
  const cells = [node, name || '-', ready ? 'ready' : 'not ready', addresses];
  const {tone, below} = stateOf(network);
  return {cells, tone, below: [...below, ...uncountedOf(network), ...cleanupsOf(node, network)]};
};

const uncountedOf = ({uncounted}: NodeNetwork): string[] =>
  uncounted === undefined ? [] : [`addresses are not counted: ${uncounted}`];

const stateOf = ({ready, reason, message, runningPodsUnaffected}: NodeNetwork): Omit<Row, 'cells'> => {
  const why = [reason, message].filter(Boolean).join(': ');
  if (ready) return {tone: 'plain', below: why === '' ? [] : [why]};
  if (!runningPodsUnaffected) return {tone: 'red', below: [why || 'the network runtime reported no reason']};
  const below = [`no addresses left for new pods; running pods are not affected${why && `: ${why}`}`];
  return {tone: 'yellow', below};
};

const cleanupsOf = (node: string, {unfinishedCleanups = 0}: NodeNetwork): string[] => {
  if (unfinishedCleanups === 0) return [];
  const cleanups = unfinishedCleanups === 1 ? '1 failed cleanup' : `${unfinishedCleanups} failed cleanups`;
  return [`${cleanups} on this node: docker exec ${node} kni-runtime pending`];
};
