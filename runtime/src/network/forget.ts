/** Drops the record of an unfinished cleanup because a person says so. */
import {parseConflist} from '../cni/conflist.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import type {Cared, Forgotten} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';
import {isUnfinished, type PodNetwork} from './record.ts';
import {type RemovedTraces, removeTracesOf} from './traces.ts';

/** The known traces of the sandbox go first. A person wants to be rid of the record: what cannot be removed is reported. */
export const forget = async (parts: Cared, key: string): Promise<Forgotten> => {
  const {records, lock, netns, cleanups, log} = parts;
  const found = records.get(key);
  if (!found) throw new UnknownNetwork('the record is not known');
  return await lock(podKeyOf(found.pod), async () => {
    const record = records.get(key);
    if (!record) throw new UnknownNetwork('the record is not known');
    if (!isUnfinished(record))
      throw new WrongState(`the network is ${record.state}: only a cleanup that has failed can be forgotten`);
    await netns.remove(record.netns); // first: its links end with it
    const traces = await removeTracesOf(record.sandbox ?? '', record.attachments, parts);
    await records.drop(key);
    cleanups.ended(key);
    log.info('dropped the record of a failed cleanup', fieldsOfNetwork(record));
    return {record, removed: sentencesOf(traces), mayLeak: [...possibleLeaks(record), ...traces.problems]};
  });
};

const sentencesOf = ({addresses, links, chains}: RemovedTraces): string[] => [
  ...addresses.map((ip) => `address ${ip}`),
  ...links.map((name) => `interface ${name}`),
  ...chains.map((name) => `iptables chain ${name}`),
];

/** What of these plugins outlives the netns is removed by hand: leases, veths and the chains of host ports. */
const known: ReadonlySet<string> = new Set(['bridge', 'host-local', 'portmap', 'ptp', 'loopback']);

/** These make nothing that outlives the netns. */
const bound: ReadonlySet<string> = new Set([
  'macvlan',
  'ipvlan',
  'tuning',
  'sbr',
  'vlan',
  'bandwidth',
  'static',
]);

const possibleLeaks = ({attachments}: PodNetwork): string[] =>
  attachments.flatMap(({network, config}) => {
    const types = parseConflist(config).plugins.flatMap(({type, ipamType = 'static'}) => [type, ipamType]);
    return [...new Set(types)]
      .filter((type) => !known.has(type) && !bound.has(type))
      .map((type) => `network ${network}: whatever plugin ${type} keeps outside of the netns`);
  });
