/** Remembers the nodes, so that a restart while the API server is down finds them. */
import {readFile} from 'node:fs/promises';
import {writeDurably} from '../durable-file.ts';
import {arrayOf, objectOf, stringOf} from '../json.ts';
import {isIPv4Cidr, type NodeFacts} from './node-facts.ts';

/** Empty when there is nothing, or nothing readable: it is only a cache. */
export const readNodeCache = async (path: string): Promise<NodeFacts[]> => {
  try {
    const nodes = arrayOf(JSON.parse(await readFile(path, 'utf8'))).map(objectOf);
    return nodes.flatMap(({name, podCidr, internalIp}) => {
      const cidr = stringOf(podCidr);
      return isIPv4Cidr(cidr)
        ? [{name: stringOf(name) ?? '', podCidr: cidr, internalIp: stringOf(internalIp) ?? ''}]
        : [];
    });
  } catch {
    return [];
  }
};

export const writeNodeCache = (path: string, nodes: readonly NodeFacts[]): Promise<void> =>
  writeDurably(path, `${JSON.stringify(nodes)}\n`);
