/** Formats a pod's network as text. Differences are marked with `!`. */

import type {ChalkInstance} from 'chalk';
import {isOfMultus} from '../cluster/differences.ts';
import {stateOf} from '../cluster/pod.ts';
import type {PodInspection} from '../cluster/pod-inspection.ts';
import type {Moment} from '../cluster/timeline.ts';
import {seconds} from '../duration.ts';
import type {Link} from '../tools/ip.ts';
import {columns, oneLine} from '../view/table.ts';

export const podInspectionText = (inspection: PodInspection, paint: ChalkInstance): readonly string[] => {
  const {record, differences, timeline} = inspection;
  const bad = (text: string): string => paint.red(`  ! ${oneLine(text)}`);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', paint.bold(title), ...lines];
  const ofPod = differences.filter((each) => each.interface === undefined).map(({what}) => bad(what));
  return [
    ...factsOf(inspection),
    ...ofPod,
    ...record.lacks.map((line) => paint.yellow(`  ${oneLine(line)}`)),
    ...interfacesOf(inspection).flatMap(({title, rows}) => {
      const own = differences.filter((each) => each.interface === title);
      return section(title, [...indented(rows), ...own.map(({what}) => bad(what))]);
    }),
    ...section('routes', indented(routesOf(inspection))),
    ...section('DNS', indented(dnsOf(inspection))),
    ...section(
      'CNI CHECK',
      verdictOf(inspection, {
        bad,
        good: (text) => paint.green(`  ${text}`),
        aside: (text) => paint.yellow(`  ${oneLine(text)}`),
      }),
    ),
    ...section(
      `timeline of the sandbox (${timeline[0]?.time.slice(0, 10) ?? ''}, UTC)`,
      indented(timeline.map(momentRow)).map((line, index) =>
        timeline[index]?.error === undefined ? line : paint.red(line),
      ),
    ),
  ];
};

const indented = (rows: readonly (readonly string[])[]): readonly string[] =>
  columns(rows).map((line) => `  ${line}`);

const factsOf = ({pod, record: {network}}: PodInspection): readonly string[] =>
  columns(
    [
      ['pod', `${pod.namespace}/${pod.name}`],
      ['node', pod.node],
      ['API server', [pod.ips.join(' ') || 'no address', stateOf(pod)].join(', ')],
      ['sandbox', network.sandbox ?? 'none yet'],
      ['correlation', network.correlation ?? ''],
      ['netns', network.netns ?? 'unknown'],
      ['state', network.state ?? ''],
    ].filter(([, value]) => value !== ''),
  );

interface InterfaceRows {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** Recorded interfaces first, in their order; then interfaces that only the kernel has. */
const interfacesOf = ({record, kernel}: PodInspection): readonly InterfaceRows[] => {
  const links = 'why' in kernel ? [] : kernel.interfaces;
  const recorded = record.network.interfaces;
  const others = links.filter(
    ({name, addresses}) => addresses.length > 0 && !recorded.some((each) => each.name === name),
  );
  const of = (name: string): InterfaceRows => {
    const on = recorded.find((each) => each.name === name);
    const link = links.find((each) => each.name === name);
    const attachment = record.attachments.find((each) => each.interface === name);
    const addresses = on
      ? on.addresses.map(({cidr, gateway}) => ({cidr: withPrefix(cidr, link), gateway}))
      : (link?.addresses ?? []).map((cidr) => ({cidr, gateway: undefined}));
    const nodeSide = link?.nodeSide
      ? [
          link.nodeSide.name,
          ...(link.nodeSide.master === undefined ? [] : [`on ${link.nodeSide.master}`]),
        ].join(' ')
      : attachment?.hostInterfaces.join(' ');
    const mtu = link?.mtu ?? on?.mtu;
    return {
      title: name,
      rows: [
        ['network', on?.network ?? (on === undefined && isOfMultus(record) ? 'attached by Multus' : '')],
        ['MAC', on?.mac ?? link?.mac ?? ''],
        ['MTU', mtu === undefined ? '' : `${mtu}`],
        ['link', link?.state.toLowerCase() ?? ''],
        ...addresses.map(({cidr, gateway}) => [
          'address',
          `${cidr}${gateway === undefined ? '' : `, gateway ${gateway}`}`,
        ]),
        ['on the node', nodeSide ?? ''],
      ].filter(([, value]) => value !== ''),
    };
  };
  return [...new Set([...recorded, ...others].map(({name}) => name))].map(of);
};

/** Addresses from the journal have no prefix length: take it from the kernel. */
const withPrefix = (address: string, link: Link | undefined): string =>
  link?.addresses.find((each) => each === address || each.startsWith(`${address}/`)) ?? address;

/** The kernel's routes, if available: plugins do not report all of them. */
const routesOf = ({record, kernel}: PodInspection): readonly (readonly string[])[] =>
  'why' in kernel
    ? record.attachments.flatMap(({routes}) =>
        routes.map(({to, via}) => [destination(to), via === undefined ? '' : `via ${via}`]),
      )
    : kernel.routes.map(({to, via, dev}) => [
        destination(to),
        via === undefined ? '' : `via ${via}`,
        dev === undefined ? '' : `dev ${dev}`,
      ]);

const destination = (to: string): string => (to === '0.0.0.0/0' || to === '::/0' ? 'default' : to);

/** DNS as the plugins reported it. The kubelet writes a pod's resolv.conf without it. */
const dnsOf = ({record}: PodInspection): readonly (readonly string[])[] =>
  record.attachments.flatMap(({dns}) =>
    [
      ['servers', dns?.servers.join(' ') ?? ''],
      ['domain', dns?.domain ?? ''],
      ['search', dns?.searches.join(' ') ?? ''],
      ['options', dns?.options.join(' ') ?? ''],
    ].filter(([, value]) => value !== ''),
  );

const verdictOf = (
  {record: {problems, knownBugs = [], unchecked = [], attachments}}: PodInspection,
  {bad, good, aside}: Record<'bad' | 'good' | 'aside', (text: string) => string>,
): readonly string[] => {
  if (problems === undefined) return [];
  return [
    ...problems.map(bad),
    ...(problems.length === 0 && unchecked.length < attachments.length ? [good('no problems found')] : []),
    ...unchecked.map(({interface: name = '', network = '', reason = ''}) =>
      aside(`${name} not checked: network ${network}: ${reason}`),
    ),
    ...knownBugs.flatMap(({problem, explanation, reference}) => [
      aside(`known plugin bug: ${problem}`),
      ...[explanation, reference].flatMap((text) => (text === undefined ? [] : [aside(`  ${text}`)])),
    ]),
  ];
};

/** `12:01:02.123  +308 ms  AttachInterface ok  48 ms` */
const momentRow = ({time, offset, what, ms, error, times, until}: Moment): readonly string[] => [
  time.slice(11, 23),
  `+${offsetText(offset)}`,
  what,
  ms === undefined ? '' : `${Math.round(ms)} ms`,
  [times > 1 ? `${times} times, until ${until.slice(11, 23)}` : '', error ?? ''].filter(Boolean).join('; '),
];

const minute = 60_000;

const offsetText = (ms: number): string => {
  if (ms < 10_000) return `${ms} ms`;
  if (ms < 2 * minute) return seconds(ms);
  return ms < 120 * minute ? `${Math.round(ms / minute)} min` : `${Math.round(ms / minute / 60)} h`;
};
