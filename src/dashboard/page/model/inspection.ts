/** Reads the object that `pod inspect --json` prints. Without a schema library: drops fields of an unexpected type. Pure. */

export interface Difference {
  readonly interface?: string | undefined;
  readonly what: string;
}

export interface Inspection {
  readonly differences: readonly Difference[];
  /** Interface, and its addresses, MAC address and the node's end of its veth. */
  readonly kernel: readonly (readonly [string, string])[];
  readonly routes: readonly string[];
  readonly netns: string | undefined;
  readonly dns: string | undefined;
  readonly timeline: readonly {
    readonly offset: number;
    readonly what: string;
    readonly error: string | undefined;
  }[];
  readonly lacks: readonly string[];
}

const objectIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
const listIn = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.map(objectIn) : [];
const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const readInspection = (value: unknown): Inspection => {
  const {record, kernel, differences, timeline} = objectIn(value);
  const {network, attachments, lacks} = objectIn(record);
  const {interfaces, routes, why} = objectIn(kernel);
  return {
    differences: listIn(differences).flatMap((each) => {
      const what = textIn(each['what']);
      return what === undefined ? [] : [{interface: textIn(each['interface']), what}];
    }),
    kernel: [
      ...(textIn(why) === undefined ? [] : [['unknown', textIn(why) ?? ''] as const]),
      ...listIn(interfaces).map((link) => [textIn(link['name']) ?? '?', linkText(link)] as const),
    ],
    routes: listIn(routes).map(({to, via, dev}) =>
      [textIn(to), textIn(via) && `via ${textIn(via)}`, textIn(dev) && `dev ${textIn(dev)}`]
        .filter(Boolean)
        .join(' '),
    ),
    netns: textIn(objectIn(network)['netns']),
    dns: listIn(attachments)
      .map(({dns}) => textsIn(objectIn(dns)['servers']).join(', '))
      .find(Boolean),
    timeline: listIn(timeline).map(({offset, what, error, ms}) => ({
      offset: typeof offset === 'number' ? Math.round(offset) : 0,
      what: `${textIn(what) ?? '?'}${typeof ms === 'number' ? ` ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : ''}`,
      error: textIn(error),
    })),
    lacks: textsIn(lacks),
  };
};

const linkText = (link: Readonly<Record<string, unknown>>): string => {
  const peer = textIn(objectIn(link['nodeSide'])['name']);
  const master = textIn(objectIn(link['nodeSide'])['master']);
  const parts = [
    ...textsIn(link['addresses']),
    textIn(link['mac']),
    typeof link['mtu'] === 'number' ? `MTU ${link['mtu']}` : undefined,
    peer === undefined ? undefined : `veth ${peer}${master === undefined ? '' : ` on ${master}`}`,
  ];
  return parts.filter(Boolean).join(' · ');
};

export const differenceText = ({interface: name, what}: Difference): string =>
  name === undefined ? what : `${name}: ${what}`;
