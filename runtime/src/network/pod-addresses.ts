/** Notices when plugins give a pod an address on eth0 that another pod has. */
import type {Attachment} from '../cni/attachment.ts';
import {primaryInterface, primaryIpsOf} from './primary-ips.ts';
import type {PodNetworkRecord} from './record.ts';
import type {RecordIndex} from './record-index.ts';

export interface AddressHolder {
  readonly ip: string;
  readonly record: PodNetworkRecord;
  readonly network: string;
}

export interface PodAddresses {
  /**
   * The other pod that has one of the addresses, pending cleanups included. Without one, the addresses are reserved for
   * the record until `release`: its own attachment may not be on record yet when the next pod asks.
   */
  readonly reserve: (record: PodNetworkRecord, attachment: Attachment) => AddressHolder | undefined;
  readonly release: (record: PodNetworkRecord) => void;
}

/** Only eth0 is compared: further networks may overlap, being apart from each other. */
export const createPodAddresses = (records: RecordIndex): PodAddresses => {
  const reserved = new Map<string, AddressHolder>();
  const holderOf = (ip: string, key: string): AddressHolder | undefined => {
    const found = reserved.get(ip);
    if (found && found.record.key !== key) return found;
    for (const record of records.byPrimaryIp(ip)) {
      if (record.key === key) continue;
      const network = record.attachments.find(({ifName}) => ifName === primaryInterface)?.network ?? '';
      return {ip, record, network};
    }
    return undefined;
  };
  return {
    reserve: (record, attachment) => {
      const ips = primaryIpsOf({...record, attachments: [attachment]});
      for (const ip of ips) {
        const holder = holderOf(ip, record.key);
        if (holder) return holder;
      }
      for (const ip of ips) reserved.set(ip, {ip, record, network: attachment.network});
      return undefined;
    },
    release: ({key}) => {
      for (const [ip, {record}] of reserved) if (record.key === key) reserved.delete(ip);
    },
  };
};
