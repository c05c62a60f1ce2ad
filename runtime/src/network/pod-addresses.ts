/** Detects that plugins assigned the address of another pod to eth0. */
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
   * Returns another holder of one of the addresses, pending cleanups included. Without another holder, reserves the
   * addresses until `release`: the record may not be written yet when the next pod gets an address.
   */
  readonly reserve: (record: PodNetworkRecord, attachment: Attachment) => AddressHolder | undefined;
  readonly release: (record: PodNetworkRecord) => void;
}

/** Only eth0 is compared: the further networks of a pod are isolated and may overlap. */
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
