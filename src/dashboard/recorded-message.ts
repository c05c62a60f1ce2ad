/** Checks the lines of a recording, because the page trusts what the server sends. Other versions may add types and fields. */

import {z} from 'zod';
import {allOf, eventFields, microsecondsOf} from '../cluster/events/event.ts';
import type {FeedMessage} from './feed.ts';

const text = z.string();
const texts = z.array(text);
const number = z.number();
const flag = z.boolean();
const time = text.refine((each) => !Number.isNaN(microsecondsOf(each)));

/** All fields may be missing. */
const maybe = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).partial().shape;

const subject = maybe({
  node: text,
  pod: text,
  uid: text,
  sandbox: text,
  correlation: text,
  netns: text,
  rpc: text,
  plugin: text,
  error: text,
  ms: number,
});

const start = z.looseObject({
  version: number,
  time,
  cluster: text,
  ...maybe({readOnly: flag, live: flag, actions: texts, drills: texts}),
});

const event = z.looseObject({
  time,
  source: text,
  kind: text,
  ...maybe({
    ...allOf(eventFields.text, text),
    ...allOf(eventFields.number, number),
    ...allOf(eventFields.flag, flag),
    node: text,
    container: text,
  }),
});

const log = z.looseObject({time, level: text, msg: text, ...subject, node: text});

const link = z.looseObject({
  kind: text,
  name: text,
  up: flag,
  addresses: texts,
  ...maybe({bridge: text, pod: text, netns: text}),
});

const node = z.looseObject({
  name: text,
  role: text,
  running: flag,
  addresses: texts,
  podCIDRs: texts,
  networks: z.array(
    z.looseObject({name: text, ready: flag, ...maybe({reason: text, capacity: number, used: number})}),
  ),
  pendingCleanups: number,
  links: z.array(link),
  routes: z.array(z.looseObject({to: text, via: text, ...maybe({dev: text, node: text})})),
  tunnels: z.array(z.looseObject({name: text, ...maybe({vni: number, local: text})})),
  ...maybe({
    ready: flag,
    reason: text,
    since: text,
    kubelet: text,
    containerRuntime: text,
    runtime: text,
    silent: text,
  }),
});

const pod = z.looseObject({
  namespace: text,
  name: text,
  uid: text,
  phase: text,
  ready: flag,
  deleting: flag,
  hostNetwork: flag,
  ips: texts,
  interfaces: z.array(z.looseObject({name: text, addresses: texts, ...maybe({network: text, mac: text})})),
  hostPorts: z.array(
    z.looseObject({protocol: text, hostPort: number, containerPort: number, ...maybe({hostIp: text})}),
  ),
  ...maybe({node: text, reason: text, sandbox: text, state: text}),
});

const schemas: Readonly<Record<FeedMessage['type'], z.ZodType>> = {
  start,
  event,
  log,
  snapshot: z.looseObject({time, nodes: z.array(node), pods: z.array(pod)}),
  lost: z.looseObject({time, reason: text}),
  back: z.looseObject({time}),
  dropped: z.looseObject({time, messages: number}),
};

const byType: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(schemas));
const message = z.looseObject({type: text, time: text.optional()});

export type RecordedMessage = z.infer<typeof message>;

/** The message in a line of a recording; undefined for a line that the page cannot show. Messages of unknown types pass. */
export const recordedMessage = (line: string): RecordedMessage | undefined => {
  try {
    const parsed = message.parse(JSON.parse(line));
    byType.get(parsed.type)?.parse(parsed);
    return parsed;
  } catch {
    return undefined;
  }
};

/** The first message of a recording; undefined if the line is not one. */
export const recordedStart = (line: string): z.infer<typeof start> | undefined =>
  recordedMessage(line)?.type === 'start' ? start.safeParse(JSON.parse(line)).data : undefined;
