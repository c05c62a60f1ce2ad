/** networks: the networks of every node, and whether and why not pods can be attached to them. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {runtimeTrouble} from '../../cluster/pod-inspection.ts';
import {askNetworks, type NodeNetwork, parseNetworks} from '../../tools/kni-runtime.ts';
import {columns} from '../../view/columns.ts';
import {lineWriter, paletteOf, plainText} from '../../view/stream.ts';
import {surroundings} from '../context.ts';
import type {World} from '../world.ts';

export interface NetworksOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Rejects with UserError where a runtime does not answer. */
export const networks = async (world: World, {name, json = false}: NetworksOptions): Promise<void> => {
  const {signal, stdout} = world;
  const {host} = surroundings(world);
  const cluster = await requireCluster(host, name, signal);
  requireRunning(name, cluster.nodes);
  const asked = cluster.nodes.map(async ({name: node}) => {
    const answer = await cluster
      .node(node)
      .run(askNetworks, {signal})
      .catch((error: unknown): never => {
        throw runtimeTrouble(error, node);
      });
    return parseNetworks(answer.stdout).map((network) => ({node, ...network}));
  });
  const found = (await Promise.all(asked)).flat();
  const write = lineWriter(stdout);
  if (json) return write(JSON.stringify(found));
  const paint = paletteOf(stdout);
  const lines = columns([['NODE', 'NETWORK', 'READY', 'ADDRESSES', 'REASON'], ...found.map(rowOf)]);
  for (const [index, line] of lines.entries())
    write(index > 0 && found[index - 1]?.ready === false ? paint.red(line) : line);
};

const rowOf = ({node, name, ready, extradata}: NodeNetwork & {readonly node: string}): readonly string[] => {
  const {addresses_used: used, addresses_capacity: capacity, reason, message} = extradata;
  const pool = used === undefined || capacity === undefined ? '-' : `${used}/${capacity}`;
  const why = [reason, message].filter(Boolean).join(': ');
  return [node, name, ready ? 'yes' : 'no', pool, why].map((cell) => plainText(cell));
};
