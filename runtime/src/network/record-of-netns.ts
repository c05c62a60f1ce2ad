/** Finds the record of a netns, even if the record has another path to the same directory. */
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import type {PodNetworkRecord} from './record.ts';
import type {RecordIndex} from './record-index.ts';

export const recordOfNetns = (
  records: RecordIndex,
  dir: string,
  path: string,
): PodNetworkRecord | undefined => records.byNetns(path) ?? records.get(keyOfNetnsPath(dir, path) ?? '');
