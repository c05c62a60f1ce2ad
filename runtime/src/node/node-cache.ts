/** Remembers the nodes, so that a restart while the API server is down finds them. */
import {readFile} from 'node:fs/promises';
import {writeDurably} from '../lib/durable-file.ts';
import {arrayOf, type JsonObject, objectOf} from '../lib/json.ts';
import {factsFrom, type NodeFacts} from './node-facts.ts';

/** Empty when there is nothing, or nothing readable: it is only a cache. */
export const readNodeCache = async (path: string): Promise<NodeFacts[]> => {
  try {
    const nodes = arrayOf(JSON.parse(await readFile(path, 'utf8'))).map(objectOf);
    return nodes.map(remembered).filter(({podCidrs}) => podCidrs.length > 0);
  } catch {
    return [];
  }
};

/** Before nodes could have two families, there was one `podCidr` and one `internalIp`. `createdAt` came later still. */
const remembered = ({name, podCidr, podCidrs, internalIp, internalIps, createdAt}: JsonObject): NodeFacts =>
  factsFrom({
    name,
    podCidrs: [podCidr, ...arrayOf(podCidrs)],
    internalIps: [internalIp, ...arrayOf(internalIps)],
    createdAt,
  });

export const writeNodeCache = (path: string, nodes: readonly NodeFacts[]): Promise<void> =>
  writeDurably(path, `${JSON.stringify(nodes)}\n`);
