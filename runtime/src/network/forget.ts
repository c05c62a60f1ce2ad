/** Drops the record of an unfinished cleanup because a person says so. */
import {parseConflist} from '../cni/conflist.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {CleanupParts, ForgetResult} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import type {PodNetworkRecord} from './record.ts';
import {type RemovedTraces, removeTracesOf} from './traces.ts';
import {hasFailed} from './unfinished-cleanups.ts';

/** The known traces of the sandbox go first. A person wants to be rid of the record: what cannot be removed is reported. */
export const forget = async (parts: CleanupParts, key: string): Promise<ForgetResult> => {
  const {records, lock, netns, cleanups, log} = parts;
  const found = records.get(key);
  if (!found) throw new UnknownNetwork('the record is not known');
  return await lock(podKeyOf(found.pod), async () => {
    const record = records.get(key);
    if (!record) throw new UnknownNetwork('the record is not known');
    if (!hasFailed(parts, record))
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

/**
 * Plugins of which nothing is left: the traces that are removed above, or only what ends with the netns. With ipMasq, bridge
 * and ptp keep a chain of iptables for each address; bandwidth keeps a device on the node, tuning a file.
 */
const leaveNothing: ReadonlySet<string> = new Set(
  'bridge ptp host-local portmap loopback static macvlan ipvlan vlan sbr'.split(' '),
);

const possibleLeaks = ({attachments}: PodNetworkRecord): string[] =>
  attachments.flatMap(({network, config}) =>
    parseConflist(config).plugins.flatMap((plugin) => [
      ...[plugin.type, plugin.ipamType ?? 'static']
        .filter((type) => !leaveNothing.has(type))
        .map((type) => `network ${network}: whatever plugin ${type} keeps outside of the netns`),
      ...(plugin.members.get('ipMasq') === 'true'
        ? [`network ${network}: the iptables rules that plugin ${plugin.type} makes for ipMasq`]
        : []),
    ]),
  );
