/** A disk that writes records in one state only after `release`, which may make it fail. */
import type {State} from '../../../runtime/src/network/record.ts';
import type {RecordStore} from '../../../runtime/src/network/record-store.ts';

export const slowDisk = (state: State) => {
  let release: ((error?: Error) => void) | undefined;
  const released = new Promise<void>((resolve, reject) => {
    release = (error) => (error ? reject(error) : resolve());
  });
  const storeOf = (store: RecordStore): RecordStore => ({
    ...store,
    write: async (record, urgent) => {
      if (record.state === state) await released;
      await store.write(record, urgent);
    },
  });
  return {storeOf, release: (error?: Error) => release?.(error)};
};
