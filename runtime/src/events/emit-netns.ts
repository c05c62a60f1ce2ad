/** Emits every netns that is created or deleted. */
import {keyOfNetnsPath, type NetnsDir} from '../netns/netns-dir.ts';
import type {RecordIndex} from '../network/record-index.ts';
import {type Emit, type EventFields, identityOf} from './event.ts';

export const emitNetns = (netns: NetnsDir, records: Pick<RecordIndex, 'get'>, emit: Emit): NetnsDir => {
  const changed = (kind: EventFields['kind'], path: string) => {
    const record = records.get(keyOfNetnsPath(netns.path, path) ?? '');
    emit({kind, ...(record && identityOf(record)), netns: path});
  };
  return {
    ...netns,
    create: async (path) => {
      const isPresent = netns.exists(path);
      await netns.create(path);
      if (!isPresent) changed('netns-created', path);
    },
    remove: async (path) => {
      const isPresent = exists(netns, path);
      await netns.remove(path);
      if (isPresent) changed('netns-deleted', path);
    },
  };
};

/** A failing check must not prevent the removal, which reports the failure itself. */
const exists = (netns: NetnsDir, path: string): boolean => {
  try {
    return netns.exists(path);
  } catch {
    return true;
  }
};
