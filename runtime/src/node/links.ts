/** Lists and removes interfaces of the node. */
import {realpath} from 'node:fs/promises';
import {arrayOf, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {NodeLinks, Peer} from '../network/orphaned-links.ts';
import type {Exec} from '../process/exec.ts';
import {runTool, ToolFailed} from '../process/tool.ts';

/** The names that the bridge plugin creates (containernetworking/plugins, pkg/ip/link_linux.go, RandomVethName). */
export const pluginVeth = /^veth[0-9a-f]{8}$/;

/** The netns directory of iproute2. */
const iprouteDir = '/var/run/netns';

export const createNodeLinks = (exec: Exec, netnsDir: string): NodeLinks => ({
  vethsOn: async (bridge) => {
    const printed = await runTool(exec, 'ip', ['-json', 'link', 'show', 'type', 'veth']);
    const links = arrayOf(JSON.parse(printed || '[]')).map(objectOf);
    return links
      .filter(({master}) => master === bridge)
      .map((link) => ({name: stringOf(link['ifname']) ?? '', peer: peerOf(link)}))
      .filter(({name}) => pluginVeth.test(name));
  },
  netnsIds: async () => {
    const printed = await listNetns(exec, netnsDir);
    const ids = new Map<string, number>();
    for (const {name, id} of arrayOf(JSON.parse(printed || '[]')).map(objectOf))
      if (typeof name === 'string' && typeof id === 'number') ids.set(name, id);
    return ids;
  },
  remove: async (name) => {
    try {
      await runTool(exec, 'ip', ['link', 'delete', 'dev', name]);
    } catch (error) {
      if (!(error instanceof ToolFailed && error.message.includes('Cannot find device'))) throw error;
    }
  },
});

/** iproute2 prints the name of a peer in the same netns; for another netns it prints its id, if it has one. */
const peerOf = ({link, link_netnsid: id}: JsonObject): Peer => {
  if (typeof id === 'number') return {kind: 'netns', id};
  return typeof link === 'string' ? {kind: 'node'} : {kind: 'unknown'};
};

/** iproute2 reads only its own directory, so another directory is bind-mounted over it in a private mount namespace. */
const listNetns = async (exec: Exec, dir: string): Promise<string> => {
  const list = ['ip', '-json', 'netns', 'list'] as const;
  const [real, usual] = await Promise.all([dir, iprouteDir].map((path) => realpath(path).catch(() => path)));
  if (real === usual) return await runTool(exec, 'ip', list.slice(1));
  const script = `mkdir -p ${iprouteDir} && mount --rbind "$1" ${iprouteDir} && exec ${list.join(' ')}`;
  return await runTool(exec, 'unshare', [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    dir,
  ]);
};
