/** Drops the record of an unfinished cleanup when a person asks for it. */
import {parseConflist} from '../cni/conflist.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {CleanupParts, ForgetResult} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {podKeyOf} from './pod-ref.ts';
import type {PodNetworkRecord} from './record.ts';
import {type RemovedTraces, removeTracesOf} from './traces.ts';
import {hasFailed} from './unfinished-cleanups.ts';

/** Removes the known traces of the sandbox first. A trace that cannot be removed is reported and does not keep the record. */
export const forget = async (parts: CleanupParts, key: string): Promise<ForgetResult> => {
  const {records, lock, netns, cleanups, log} = parts;
  const found = records.get(key);
  if (!found) throw new UnknownNetwork('unknown record');
  return await lock(podKeyOf(found.pod), async () => {
    const record = records.get(key);
    if (!record) throw new UnknownNetwork('unknown record');
    if (!hasFailed(parts, record))
      throw new WrongState(`the pod network is ${record.state}: only a failed cleanup can be forgotten`);
    await netns.remove(record.netns); // first: this removes its links, too
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
 * Plugins whose state is removed above or ends with the netns. Others are not listed: bandwidth keeps a device on the node,
 * tuning a file. With ipMasq, bridge and ptp also keep an iptables chain for each address.
 */
const leaveNothing: ReadonlySet<string> = new Set(
  'bridge ptp host-local portmap loopback static macvlan ipvlan vlan sbr'.split(' '),
);

const possibleLeaks = ({attachments}: PodNetworkRecord): string[] =>
  attachments.flatMap(({network, config}) =>
    parseConflist(config).plugins.flatMap((plugin) => [
      ...[plugin.type, plugin.ipamType ?? 'static']
        .filter((type) => !leaveNothing.has(type))
        .map((type) => `network ${network}: state of plugin ${type} outside the netns`),
      ...(plugin.members.get('ipMasq') === 'true'
        ? [`network ${network}: iptables rules of plugin ${plugin.type} for ipMasq`]
        : []),
    ]),
  );
