/** The RPCs of the inspector: what is recorded of the pods' networks, whole. */
import {create, type MessageInitShape} from '@bufbuild/protobuf';
import {parseConflist} from '../cni/conflist.ts';
import {loopback} from '../cni/loopback.ts';
import {
  type InspectPodNetworkRequest,
  type InspectPodNetworkResponse,
  InspectPodNetworkResponseSchema,
  type ListPodNetworksRequest,
  type ListPodNetworksResponse,
  ListPodNetworksResponseSchema,
  type PodNetworkSchema,
  type ReconcileRequest,
  type ReconcileResponse,
  ReconcileResponseSchema,
} from '../gen/inspector_pb.ts';
import {InvalidRequest, UnknownNetwork} from '../network/errors.ts';
import type {PodNetwork} from '../network/record.ts';
import {optional} from './checked.ts';
import type {Context} from './handler.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {recordedOf} from './recorded.ts';

export interface Inspected {
  readonly records: () => readonly PodNetwork[];
  /** Runs CNI CHECK on all that is attached; returns what it found wrong. */
  readonly check?: (network: PodNetwork, signal: AbortSignal) => Promise<readonly string[]>;
  readonly reconcile?: () => Promise<ReconcileReport>;
}

/** Whatever was found to belong to nobody and removed, in words that name it. */
export interface ReconcileReport {
  readonly removedNetns: readonly string[];
  readonly releasedAddresses: readonly string[];
  readonly removedLinks: readonly string[];
  readonly undone: readonly string[];
  readonly problems: readonly string[];
}

/** This runtime has no way to do that. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

type InspectContext = Inspected & Pick<Context, 'signal' | 'note'>;

export const listPodNetworks = async (
  _: ListPodNetworksRequest,
  {records}: InspectContext,
): Promise<ListPodNetworksResponse> => {
  const networks = records().toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  return create(ListPodNetworksResponseSchema, {networks: networks.map(messageOf)});
};

export const inspectPodNetwork = async (
  request: InspectPodNetworkRequest,
  {records, check, signal, note}: InspectContext,
): Promise<InspectPodNetworkResponse> => {
  const found = select(records(), request);
  note(fieldsOfNetwork(found));
  if (request.check && !check) throw new NotOffered('CNI CHECK is not offered');
  const problems = request.check ? await check?.(found, signal) : undefined;
  return create(InspectPodNetworkResponseSchema, {
    network: messageOf(found),
    attachments: found.attachments.map((attachment) => {
      const {hostInterfaces, routes, dns} = recordedOf(attachment, found.netns);
      return {
        network: attachment.network,
        interface: attachment.ifName,
        plugins: pluginsOf(attachment.config),
        hostInterfaces: [...hostInterfaces],
        routes: routes.map(({to, via}) => ({to, via})),
        dns: {
          ...dns,
          servers: [...dns.servers],
          searches: [...dns.searches],
          options: [...dns.options],
        },
      };
    }),
    problems: [...(problems ?? [])],
  });
};

export const reconcileNow = async (
  _: ReconcileRequest,
  {reconcile}: InspectContext,
): Promise<ReconcileResponse> => {
  if (!reconcile) throw new NotOffered('reconciling on demand is not offered');
  const {removedNetns, releasedAddresses, removedLinks, undone, problems} = await reconcile();
  return create(ReconcileResponseSchema, {
    removedNetns: [...removedNetns],
    releasedAddresses: [...releasedAddresses],
    removedLinks: [...removedLinks],
    undone: [...undone],
    problems: [...problems],
  });
};

const select = (records: readonly PodNetwork[], request: InspectPodNetworkRequest): PodNetwork => {
  const id = optional('id', request.sandbox);
  const [namespace, name] = [optional('namespace', request.namespace), optional('name', request.name)];
  if (!id && !(namespace && name)) throw new InvalidRequest('neither a sandbox nor a pod is named');
  const found = id
    ? records.filter(({sandbox}) => sandbox === id)
    : records.filter(({pod}) => pod.namespace === namespace && pod.name === name);
  // Of a pod that is being replaced the old sandbox is still there for a moment.
  const latest = found.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)).at(-1);
  if (!latest) throw new UnknownNetwork(id ? 'the sandbox is not known' : 'the pod is not known');
  return latest;
};

const messageOf = (record: PodNetwork): MessageInitShape<typeof PodNetworkSchema> => {
  const {key, pod, attempt, sandbox = '', netns, state, createdAt = 0} = record;
  const attached = record.attachments.filter(({ifName}) => ifName !== loopback.ifName);
  return {
    correlation: key,
    ...pod,
    attempt,
    sandbox,
    netns,
    state,
    createdAtMs: BigInt(createdAt),
    interfaces: attached.flatMap((attachment) =>
      recordedOf(attachment, netns).interfaces.map(({name, mac, mtu, addresses}) => ({
        name,
        mac,
        mtu,
        network: attachment.network,
        addresses: addresses.map(({cidr, gateway}) => ({cidr, gateway})),
      })),
    ),
  };
};

/** The configuration may be of an older version, with what is refused today. */
const pluginsOf = (config: string): string[] => {
  try {
    return parseConflist(config).plugins.map(({type}) => type);
  } catch {
    return [];
  }
};
