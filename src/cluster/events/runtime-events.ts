/** Reads the events that `kni-runtime events` prints. */

import {z} from 'zod';
import {allOf, type ClusterEvent, eventFields} from './event.ts';

/** A field of the wrong type is ignored, and so are unknown fields. */
const text = z.string().min(1).optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

const runtimeEvent = z.object({
  version: z.number(),
  time: z.iso.datetime(),
  kind: z.string(),
  ...allOf(eventFields.text, text),
  ...allOf(eventFields.number, number),
  ...allOf(eventFields.flag, flag),
});

/** Undefined for a line that is not an event. */
export const parseRuntimeEvent = (line: string, node: string): ClusterEvent | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed = runtimeEvent.safeParse(JSON.parse(line));
    return parsed.success ? {...parsed.data, node, source: 'runtime'} : undefined;
  } catch {
    return undefined;
  }
};
