/** Caches the nodes on disk for a restart while the API server is down. */
import {readFile} from 'node:fs/promises';
import {writeDurably} from '../lib/durable-file.ts';
import {arrayOf, type JsonObject, objectOf} from '../lib/json.ts';
import {factsFrom, type NodeFacts} from './node-facts.ts';

/** Empty if the file is missing or invalid: it is only a cache. */
export const readNodeCache = async (path: string): Promise<NodeFacts[]> => {
  try {
    const nodes = arrayOf(JSON.parse(await readFile(path, 'utf8'))).map(objectOf);
    return nodes.map(factsFromCache).filter(({podCidrs}) => podCidrs.length > 0);
  } catch {
    return [];
  }
};

/** Also reads the older format with a single `podCidr` and `internalIp`, and without `createdAt`. */
const factsFromCache = ({
  name,
  podCidr,
  podCidrs,
  internalIp,
  internalIps,
  createdAt,
}: JsonObject): NodeFacts =>
  factsFrom({
    name,
    podCidrs: [podCidr, ...arrayOf(podCidrs)],
    internalIps: [internalIp, ...arrayOf(internalIps)],
    createdAt,
  });

export const writeNodeCache = (path: string, nodes: readonly NodeFacts[]): Promise<void> =>
  writeDurably(path, `${JSON.stringify(nodes)}\n`);
