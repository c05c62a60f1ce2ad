/** The events of all nodes and sources. docs/events.md describes them. */

/** Who reports the event. `kni-demo` reports its own connections to the other sources. */
export const sources = ['runtime', 'kubelet', 'containerd', 'api', 'kni-demo'] as const;
export type Source = (typeof sources)[number];

/** Identifies what an event is about. */
export interface Subject {
  /** `<namespace>/<name>` */
  readonly pod?: string | undefined;
  readonly uid?: string | undefined;
  readonly sandbox?: string | undefined;
  /** Key of the sandbox's record in the network runtime. */
  readonly correlation?: string | undefined;
}

/** Fields without a value are missing. A kind may be unknown to this version. */
export interface ClusterEvent extends Subject {
  readonly version: number;
  /** RFC 3339, UTC, with microseconds: these texts are in the order of time. */
  readonly time: string;
  /** Undefined for events of the API server about a pod without a node. */
  readonly node?: string | undefined;
  readonly source: Source;
  readonly kind: string;
  readonly netns?: string | undefined;
  readonly rpc?: string | undefined;
  /** The beginning and the end of a call have the same number. */
  readonly call?: number | undefined;
  /** Duration in milliseconds. */
  readonly ms?: number | undefined;
  /** Name of a gRPC status. */
  readonly status?: string | undefined;
  readonly error?: string | undefined;
  readonly plugin?: string | undefined;
  readonly command?: string | undefined;
  readonly network?: string | undefined;
  readonly interface?: string | undefined;
  /** With a prefix length in events of the runtime, without in those of the API server. */
  readonly address?: string | undefined;
  readonly to?: string | undefined;
  readonly via?: string | undefined;
  readonly ready?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly missed?: number | undefined;
  readonly routine?: boolean | undefined;
  readonly container?: string | undefined;
  /** JSON. Only for calls that began while a reader followed the events. Cut texts end with `…`. */
  readonly request?: string | undefined;
  /** The same for the response, at the end of a call. */
  readonly response?: string | undefined;
}

/** The optional fields of a network runtime's events by their type. */
export const eventFields = {
  text: [
    'correlation',
    'pod',
    'uid',
    'sandbox',
    'netns',
    'rpc',
    'status',
    'error',
    'plugin',
    'command',
    'network',
    'interface',
    'address',
    'to',
    'via',
    'reason',
    'request',
    'response',
  ],
  number: ['call', 'ms', 'missed'],
  flag: ['ready', 'routine'],
} as const satisfies Readonly<Record<string, readonly (keyof ClusterEvent)[]>>;

/** An object with the same value for each name. An overload, because Object.fromEntries forgets the names. */
export function allOf<Name extends string, Value>(
  names: readonly Name[],
  value: Value,
): Readonly<Record<Name, Value>>;
export function allOf(names: readonly string[], value: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, value]));
}

export const schemaVersion = 1;

/** RFC 3339 with microseconds. */
export const timeText = (microseconds: number): string => {
  const whole = Math.floor(microseconds / 1_000_000);
  const rest = String(Math.floor(microseconds - whole * 1_000_000)).padStart(6, '0');
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${rest}Z`;
};

/** Microseconds since the epoch; NaN for an invalid time. */
export const microsecondsOf = (time: string): number => {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? '';
  const second = Date.parse(time.replace(/\.\d+/, ''));
  return second * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
};
