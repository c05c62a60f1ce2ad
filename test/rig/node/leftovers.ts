/** What networks of pods leave on a node: after the last pod has gone there must be nothing. */
import {readdir} from 'node:fs/promises';
import {isIP} from 'node:net';
import {isDeepStrictEqual} from 'node:util';
import {readRecords} from '../../../runtime/src/network/record-store.ts';
import {until} from '../wait.ts';
import type {TestNode} from './node.ts';
import {paths} from './runtime.ts';

export const leftovers = async (node: TestNode) => {
  const names = (dir: string) => readdir(node.path(dir)).catch(() => []);
  const links = JSON.parse(await node.run(['ip', '-json', 'link', 'show', 'type', 'veth'])) as {
    ifname: string;
  }[];
  const nat = await node.run(['iptables', '-t', 'nat', '-S']);
  return {
    netns: await names(paths.netns),
    records: (await readRecords(node.path(paths.records))).map(({key}) => key),
    leases: (await names(paths.leases)).filter((name) => isIP(name) !== 0),
    veths: links.map(({ifname}) => ifname).filter((name) => name !== 'uplink'),
    hostPorts: nat.split('\n').filter((rule) => rule.includes('CNI-DN-')),
  };
};

export const nothing = {netns: [], records: [], leases: [], veths: [], hostPorts: []};

export const becomesEmpty = (node: TestNode) =>
  until('nothing is left', async () => isDeepStrictEqual(await leftovers(node), nothing));
