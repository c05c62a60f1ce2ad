/** The inspector's RPCs about the records of pod networks. */
import {create, type MessageInitShape} from '@bufbuild/protobuf';
import {parseConflist} from '../cni/conflist.ts';
import {CniError} from '../cni/errors.ts';
import {readResult} from '../cni/result.ts';
import {
  type InspectPodNetworkRequest,
  type InspectPodNetworkResponse,
  InspectPodNetworkResponseSchema,
  type ListOrphansRequest,
  type ListOrphansResponse,
  ListOrphansResponseSchema,
  type ListPodNetworksRequest,
  type ListPodNetworksResponse,
  ListPodNetworksResponseSchema,
  type PodNetworkSchema,
  type ReconcileRequest,
  type ReconcileResponse,
  ReconcileResponseSchema,
} from '../gen/inspector_pb.ts';
import {InvalidRequest, UnknownNetwork} from '../network/errors.ts';
import type {CheckResult, PodNetworkService, ReconcileResult} from '../network/lifecycle.ts';
import {fieldsOfNetwork} from '../network/log-fields.ts';
import {type PodNetworkRecord, shownAttachments} from '../network/record.ts';
import type {RecordIndex} from '../network/record-index.ts';
import {optional} from './checked.ts';
import type {Context} from './handler.ts';

export interface InspectorParts {
  readonly records: RecordIndex;
  /** Names of the files in the quarantine. */
  readonly quarantined: () => Promise<readonly string[]>;
  readonly pods: Pick<
    PodNetworkService,
    'check' | 'reconcile' | 'orphans' | 'acceptLoss' | 'unfinished' | 'retryUnfinished' | 'forget'
  >;
}

export type InspectContext = InspectorParts & Pick<Context, 'signal' | 'timeLeft' | 'note'>;

export const listPodNetworks = async (
  _: ListPodNetworksRequest,
  {records}: InspectContext,
): Promise<ListPodNetworksResponse> => {
  const networks = [...records.all()].toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
  return create(ListPodNetworksResponseSchema, {networks: networks.map(messageOf)});
};

export const inspectPodNetwork = async (
  request: InspectPodNetworkRequest,
  {records, pods, note, signal, timeLeft}: InspectContext,
): Promise<InspectPodNetworkResponse> => {
  const found = select(records, request);
  note(fieldsOfNetwork(found));
  const {problems, knownBugs, unchecked} = request.check
    ? await verdictOf(pods, found, {signal, timeLeft})
    : nothingFound;
  return create(InspectPodNetworkResponseSchema, {
    network: messageOf(found),
    attachments: shownAttachments(found).map((attachment) => {
      const {hostInterfaces, routes, dns} = readResult(attachment, found.netns);
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
    problems: [...problems],
    knownBugs: knownBugs.map(({problem, explanation, reference}) => ({problem, explanation, reference})),
    unchecked: unchecked.map(({attachment: {ifName, network}, reason}) => ({
      interface: ifName,
      network,
      reason,
    })),
  });
};

export const listOrphans = async (
  _: ListOrphansRequest,
  {pods}: InspectContext,
): Promise<ListOrphansResponse> => {
  const {netns, addresses, links, chains, problems} = await pods.orphans();
  return create(ListOrphansResponseSchema, {
    netns: [...netns],
    addresses: [...addresses],
    links: [...links],
    chains: [...chains],
    problems: [...problems],
  });
};

export const reconcileNow = async (_: ReconcileRequest, {pods}: InspectContext): Promise<ReconcileResponse> =>
  create(ReconcileResponseSchema, messageOfReconciled(await pods.reconcile()));

export const messageOfReconciled = (
  reconciled: ReconcileResult,
): MessageInitShape<typeof ReconcileResponseSchema> => {
  const {removedNetns, releasedAddresses, removedLinks, removedChains, undone, problems} = reconciled;
  return {
    removedNetns: [...removedNetns],
    releasedAddresses: [...releasedAddresses],
    removedLinks: [...removedLinks],
    removedChains: [...removedChains],
    undone: [...undone],
    problems: [...problems],
  };
};

interface Verdict extends CheckResult {
  readonly problems: readonly string[];
}

const nothingFound: Verdict = {problems: [], knownBugs: [], unchecked: []};

/** An error of CNI CHECK is part of the answer, not an error of this RPC. */
const verdictOf = async (
  pods: InspectorParts['pods'],
  {sandbox = ''}: PodNetworkRecord,
  caller: Pick<InspectContext, 'signal' | 'timeLeft'>,
): Promise<Verdict> => {
  try {
    return {problems: [], ...(await pods.check(sandbox, caller))};
  } catch (error) {
    if (error instanceof CniError) return {...nothingFound, problems: [error.message]};
    throw error;
  }
};

const select = (records: RecordIndex, request: InspectPodNetworkRequest): PodNetworkRecord => {
  const id = optional('id', request.sandbox);
  const [namespace, name] = [optional('namespace', request.namespace), optional('name', request.name)];
  if (!id && !(namespace && name))
    throw new InvalidRequest('a sandbox, or a namespace and a name, is required');
  const bySandbox = id ? records.bySandbox(id) : undefined;
  const found = id ? (bySandbox ? [bySandbox] : []) : ofPod(records, namespace, name);
  // While a sandbox is replaced, the pod has two of them for a moment.
  const latest = found.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0)).at(-1);
  if (!latest) throw new UnknownNetwork(id ? 'unknown sandbox' : 'unknown pod');
  return latest;
};

/** A pending cleanup belongs to an earlier sandbox, so it is shown only if the pod has no other record. */
const ofPod = (records: RecordIndex, namespace: string, name: string): readonly PodNetworkRecord[] => {
  const all = records.ofPod({uid: '', namespace, name});
  const current = all.filter(({state}) => state !== 'pending');
  return current.length > 0 ? current : all;
};

export const messageOf = (record: PodNetworkRecord): MessageInitShape<typeof PodNetworkSchema> => {
  const {key, pod, attempt, sandbox = '', netns, state, createdAt = 0} = record;
  return {
    correlation: key,
    ...pod,
    attempt,
    sandbox,
    netns,
    state,
    createdAtMs: BigInt(createdAt),
    interfaces: shownAttachments(record).flatMap((attachment) =>
      readResult(attachment, netns).interfaces.map(({name, mac, mtu, addresses}) => ({
        name,
        mac,
        mtu,
        network: attachment.network,
        addresses: addresses.map(({cidr, gateway}) => ({cidr, gateway})),
      })),
    ),
  };
};

/** Empty if the configuration is invalid: an older version may have accepted it. */
const pluginsOf = (config: string): string[] => {
  try {
    return parseConflist(config).plugins.map(({type}) => type);
  } catch {
    return [];
  }
};
