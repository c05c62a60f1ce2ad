/** Compares the record of a pod's network with the kernel and the API server. */

import type {KernelView, NoKernelView} from './kernel-view.ts';
import type {PodRecord} from './pod-record.ts';

export interface Difference {
  /** Undefined when the difference concerns the whole pod. */
  readonly interface?: string;
  /** One line. */
  readonly what: string;
}

export interface Sources {
  readonly record: Pick<PodRecord, 'network' | 'attachments'>;
  readonly kernel: KernelView | NoKernelView;
  /** As the API server reports them. An empty list is not a difference: the kubelet reports addresses later. */
  readonly ips: readonly string[];
}

/** Values missing from the record are not compared: a CNI result has no MTU before version 1.1.0. */
export const differencesOf = ({record, kernel, ips}: Sources): readonly Difference[] => [
  ...apiDifferences(record, ips),
  ...('why' in kernel
    ? [{what: `cannot read the kernel's view: ${kernel.why}`}]
    : kernelDifferences(record, kernel)),
];

const apiDifferences = ({network}: Sources['record'], ips: readonly string[]): readonly Difference[] => {
  const recorded = new Set(
    network.interfaces.flatMap(({addresses}) => addresses.map(({cidr}) => withoutPrefix(cidr))),
  );
  return ips
    .filter((ip) => !recorded.has(ip))
    .map((ip) => ({what: `the API server reports ${ip}, which is not recorded`}));
};

const kernelDifferences = (record: Sources['record'], kernel: KernelView): readonly Difference[] => {
  const {interfaces} = record.network;
  const extra = kernel.interfaces.filter(
    ({name, addresses}) =>
      addresses.length > 0 && !interfaces.some((each) => each.name === name) && !isOfMultus(record),
  );
  const routes = record.attachments.flatMap((each) => each.routes);
  return [
    ...interfaces.flatMap((recorded) => interfaceDifferences(recorded, kernel)),
    ...extra.map(({name}) => ({interface: name, what: 'in the kernel, but not recorded'})),
    ...record.attachments.flatMap((attachment) => nodeSideDifferences(attachment, kernel)),
    ...routes
      .filter(({to, via}) => !kernel.routes.some((each) => each.to === to && (!via || each.via === via)))
      .map(({to, via}) => ({
        what: `recorded, but not in the kernel: route ${to}${via === undefined ? '' : ` via ${via}`}`,
      })),
  ];
};

/** Whether Multus attached the pod: it reports only the first interface to the network runtime. */
export const isOfMultus = ({attachments}: Pick<Sources['record'], 'attachments'>): boolean =>
  attachments.some(({plugins = []}) => plugins.some((type) => /^multus(-shim)?$/.test(type)));

type RecordedInterface = PodRecord['network']['interfaces'][number];

const interfaceDifferences = (
  {name, mac, mtu, addresses}: RecordedInterface,
  kernel: KernelView,
): readonly Difference[] => {
  const link = kernel.interfaces.find((each) => each.name === name);
  if (!link) return [{interface: name, what: 'recorded, but not in the kernel'}];
  const lost = addresses.filter(({cidr}) => !link.addresses.some((each) => isSame(each, cidr)));
  const extra = link.addresses.filter((each) => !addresses.some(({cidr}) => isSame(each, cidr)));
  const what = [
    ...lost.map(({cidr}) => `recorded, but not in the kernel: ${cidr}`),
    ...extra.map((cidr) => `in the kernel, but not recorded: ${cidr}`),
    ...(mac !== undefined && mac.toLowerCase() !== link.mac
      ? [`MAC ${mac} is recorded, ${link.mac ?? 'none'} is in the kernel`]
      : []),
    ...(mtu !== undefined && mtu !== link.mtu
      ? [`MTU ${mtu} is recorded, ${link.mtu} is in the kernel`]
      : []),
  ];
  return what.map((each) => ({interface: name, what: each}));
};

const nodeSideDifferences = (
  {interface: name, hostInterfaces}: PodRecord['attachments'][number],
  kernel: KernelView,
): readonly Difference[] =>
  hostInterfaces
    .filter((each) => !kernel.onNode.includes(each))
    .map((each) => ({
      ...(name !== undefined && {interface: name}),
      what: `recorded, but not on the node: ${each}`,
    }));

const withoutPrefix = (cidr: string): string => cidr.replace(/\/.*$/, '');

/** Addresses from the journal have no prefix length. */
const isSame = (inKernel: string, recorded: string): boolean =>
  recorded.includes('/') ? inKernel === recorded : withoutPrefix(inKernel) === recorded;
