/** Finds the record of a netns, also when the directory of the netns goes by another path than in the record. */
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import type {PodNetworkRecord} from './record.ts';
import type {RecordIndex} from './record-index.ts';

export const recordOfNetns = (
  records: RecordIndex,
  dir: string,
  path: string,
): PodNetworkRecord | undefined => records.byNetns(path) ?? records.get(keyOfNetnsPath(dir, path) ?? '');
