/** Recognizes events that were read before: a source that is opened again repeats its past. */

import {createHash} from 'node:crypto';
import type {ClusterEvent} from './event.ts';

/** More than a runtime keeps of its past. */
const remembered = 5_000;

/** Returns whether the event is new. Remembers hashes: with requests and responses, one event may need several kilobytes. */
export const createSeenEvents = (most = remembered): ((event: ClusterEvent) => boolean) => {
  const hashes = new Set<string>();
  return (event) => {
    const hash = createHash('sha256').update(JSON.stringify(event)).digest('base64');
    if (hashes.has(hash)) return false;
    hashes.add(hash);
    const [oldest] = hashes;
    if (hashes.size > most && oldest !== undefined) hashes.delete(oldest);
    return true;
  };
};
