/** The events of the network runtime. inspector.proto describes their fields, docs/events.md their kinds. */
import {podNameOf} from '../network/pod-ref.ts';
import type {PodNetworkRecord} from '../network/record.ts';

/** Version of the schema. A change that old readers would misunderstand increments it. */
export const schemaVersion = 1;

export const eventKinds = [
  'runtime-started',
  'runtime-stopping',
  'rpc-began',
  'rpc-ended',
  'plugin-began',
  'plugin-ended',
  'netns-created',
  'netns-deleted',
  'address-assigned',
  'address-released',
  'route-set',
  'route-deleted',
  'tunnel-set',
  'tunnel-deleted',
  'readiness',
  'cleanup-began',
  'cleanup-retried',
  'cleanup-pending',
  'cleanup-ended',
  'missed',
] as const;
export type EventKind = (typeof eventKinds)[number];

/** Fields as in the message `Event`. */
export interface EventFields {
  readonly kind: EventKind;
  readonly correlation?: string | undefined;
  readonly pod?: string | undefined;
  readonly uid?: string | undefined;
  readonly sandbox?: string | undefined;
  readonly netns?: string | undefined;
  readonly rpc?: string;
  readonly call?: number;
  readonly ms?: number;
  readonly status?: string | undefined;
  readonly error?: string | undefined;
  readonly plugin?: string;
  readonly command?: string;
  readonly network?: string;
  readonly interface?: string;
  readonly address?: string;
  readonly to?: string;
  readonly via?: string | undefined;
  readonly ready?: boolean;
  readonly reason?: string | undefined;
  readonly missed?: number;
  readonly routine?: boolean;
  /** JSON */
  readonly request?: string | undefined;
  /** JSON */
  readonly response?: string | undefined;
}

export interface StampedEvent extends EventFields {
  /** Microseconds since 1970. */
  readonly timeUs: number;
}

/** Never throws, and never waits for a reader. `more` is called only while there are readers; it must not throw. */
export type Emit = (event: EventFields, more?: () => Partial<EventFields>) => void;

export const noEvents: Emit = () => undefined;

/** The fields that identify a pod network. */
export const identityOf = ({key, pod, sandbox, netns}: PodNetworkRecord) => ({
  correlation: key,
  pod: podNameOf(pod),
  uid: pod.uid,
  sandbox,
  netns,
});

const longestError = 500;

/** Plugins may print errors of any length; memory for events is bounded. */
export const shortError = (text: string): string => shortText(text, longestError);

/** At most `length` characters, and `…`. Copied, because V8 keeps the whole string in memory for a part of it. */
export const shortText = (text: string, length: number): string =>
  text.length > length ? Buffer.from(`${text.slice(0, length)}…`).toString() : text;

/** Duration in ms with two decimals. */
export const msSince = (begun: number): number => Math.round((performance.now() - begun) * 100) / 100;
