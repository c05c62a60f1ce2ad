/** Attaches a sandbox: ADD for each network, and a rollback when one of them fails. */
import {createHash} from 'node:crypto';
import type {Attachment, Target} from '../cni/attachment.ts';
import {didHandleSelections} from '../cni/multus.ts';
import {type Addition, addNetwork, delNetwork, startFirst} from '../cni/network.ts';
import {withinTime} from '../cni/plugin.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import type {EarlyProgram} from '../process/early-program.ts';
import type {AbandonedNetworks} from './abandoned.ts';
import type {Admission} from './admission.ts';
import {addEach, planAttachments} from './attachments.ts';
import {type Caller, timeForAdd, timeForDel} from './caller.ts';
import {undoAttachments} from './cleanup.ts';
import {AddressInUse, AddressMissing, Conflict, NetnsFailed, UnknownNetwork, WrongState} from './errors.ts';
import {refuseHeldResources, releaseHeldResources} from './held-resources.ts';
import type {AttachRequest, CleanupParts, PodNetworkService} from './lifecycle.ts';
import {fieldsOfNetwork} from './log-fields.ts';
import {createPodAddresses, type PodAddresses} from './pod-addresses.ts';
import {podKeyOf, podNameOf} from './pod-ref.ts';
import {primaryInterface, primaryIpsOf} from './primary-ips.ts';
import type {PodNetworkRecord} from './record.ts';
import {selectForAttach} from './select.ts';
import {holdingRecords} from './unfinished-cleanups.ts';

export const createAttach = (
  parts: CleanupParts,
  {markUnclaimed, claim}: AbandonedNetworks,
  admission: Admission,
): PodNetworkService['attach'] => {
  const addresses = createPodAddresses(parts.records);
  return async (request, caller = {}) => {
    const {records, lock} = parts;
    const found = selectForAttach(records, request);
    if (!found) throw new UnknownNetwork('no pod network was created for this sandbox');
    if (found.state !== 'attached' && holdingRecords(parts).length > 0)
      await releaseHeldResources(
        parts,
        planAttachments(parts.networks, {...request, pod: found.pod}),
        found.key,
      );
    const work = async () => {
      const record = records.get(found.key);
      if (!record) throw new UnknownNetwork('the pod network was deleted while this call waited');
      refuseMismatch(record, request);
      return await (record.state === 'attached'
        ? record
        : attachOnce({...parts, addresses, admission}, record, request, caller));
    };
    const attached = await lock(podKeyOf(found.pod), work, caller.signal);
    if (caller.signal?.aborted) markUnclaimed(attached);
    else claim(attached);
    return attached;
  };
};

/** A repeated call must name the same pod, sandbox and netns, and have the same parameters. */
const refuseMismatch = (record: PodNetworkRecord, request: AttachRequest): void => {
  const {pod, netns, sandbox, state} = record;
  const samePod = request.name === pod.name && request.namespace === pod.namespace;
  if (request.name && !samePod) throw new Conflict(`the pod network belongs to pod ${podNameOf(pod)}`);
  if (request.netns && request.netns !== netns)
    throw new Conflict('the sandbox belongs to another netns than the requested one');
  if (state !== 'created' && sandbox && sandbox !== request.sandbox) {
    throw new Conflict('the netns belongs to another sandbox');
  }
  if (state === 'attached' && record.request && record.request !== digestOf(comparable(record, request)))
    throw new Conflict('the sandbox is already attached with different parameters');
};

/** Since the first call, Multus may have come to the node or gone: what counts is who attached the selected networks. */
const comparable = ({attachments: [primary]}: PodNetworkRecord, request: AttachRequest): AttachRequest => {
  const isOfMultus = primary !== undefined && didHandleSelections(primary.config);
  return {...request, selections: isOfMultus ? [] : (request.ownSelections?.() ?? request.selections)};
};

/** Annotations of the pod and settings of the node may change between two calls, so they are left out. */
const digestOf = ({primaryArgs, selections}: AttachRequest): string =>
  createHash('sha256').update(JSON.stringify({primaryArgs, selections})).digest('hex').slice(0, 16);

interface AttachParts extends CleanupParts {
  readonly addresses: PodAddresses;
  readonly admission: Admission;
}

const attachOnce = async (
  parts: AttachParts,
  found: PodNetworkRecord,
  request: AttachRequest,
  caller: Caller,
): Promise<PodNetworkRecord> => {
  const {netns, networks, admission} = parts;
  // A crash or a failed rollback has left the state `attaching`.
  const record =
    found.state === 'attaching' ? await undoAttachments(parts, found, timeForAdd(caller)) : found;
  if (record.state !== 'created')
    throw new WrongState(`the pod network is ${record.state}: call CreateNetwork again`);
  if (!netns.exists(record.netns)) throw new WrongState('the netns is gone: call CreateNetwork again');

  const attachments = planAttachments(networks, {...request, pod: record.pod});
  refuseHeldResources(parts, attachments, record.key); // before the wait: nothing is won by waiting for it
  const intent: PodNetworkRecord = {
    ...record,
    state: 'attaching',
    sandbox: request.sandbox,
    request: digestOf(request),
    attachments,
  };
  const add = async () => {
    refuseHeldResources(parts, attachments, record.key); // again: another pod may have taken it meanwhile
    return await addAndRecord(parts, intent, caller);
  };
  return await admission({pod: record.pod, attachments}, add, caller);
};

const addAndRecord = async (
  parts: AttachParts,
  intent: PodNetworkRecord,
  caller: Caller,
): Promise<PodNetworkRecord> => {
  const {records, netns, log, addresses, uptime} = parts;
  let latest = intent;
  crashPoint('attach: before intent');
  const [planned] = intent.attachments;
  const first = planned && startFirst(parts.invoke, 'ADD', planned, targetOf(intent));
  const written = records.put(intent);
  const loopback = netns.loopbackUp(intent.netns);
  loopback.catch(() => undefined); // it is awaited below, unless ADD fails
  try {
    await written; // before the first ADD: after a crash the record says what to clean up
  } catch (error) {
    await first?.cancel();
    throw error;
  }
  crashPoint('attach: intent written');
  const end = uptime() + timeForAdd(caller);
  try {
    const add = (attachment: Attachment) =>
      addWithUniqueAddress(parts, latest, attachment, {
        timeLeft: () => end - uptime(),
        started: attachment === planned ? first : undefined,
      });
    for await (const {attachments, error} of addEach(add, intent.attachments)) {
      latest = {...intent, attachments};
      if (error !== undefined) throw error;
      const isLast = attachments.at(-1)?.result !== undefined;
      if (!isLast) await records.put(latest); // a cleanup after a crash needs the results
    }
    await loopback.catch((cause: unknown) => {
      throw new NetnsFailed('cannot bring up the loopback interface', {cause});
    });
    const attached: PodNetworkRecord = {...latest, state: 'attached'};
    crashPoint('attach: before result');
    await records.put(attached);
    crashPoint('attach: result written');
    return attached;
  } catch (error) {
    if (latest !== intent) await records.force(latest); // for the sweep, in case the rollback fails
    await undoAttachments(parts, latest, timeForDel(caller)).catch((failure: unknown) => {
      log.warn('rollback of a failed attach failed, will retry', {
        correlation: intent.key,
        sandbox: intent.sandbox,
        error: errorText(failure),
      });
    });
    throw error;
  } finally {
    addresses.release(intent);
  }
};

const targetOf = ({sandbox = '', netns}: PodNetworkRecord): Target => ({sandbox, netns});

/** Attempts to get an address that no other pod has. */
const addressAttempts = 8;

/**
 * ADD of one attachment. It is repeated when eth0 gets the address of another pod. That happens after the node's network was
 * replaced by one with the same range.
 */
const addWithUniqueAddress = async (
  parts: AttachParts,
  record: PodNetworkRecord,
  planned: Attachment,
  {timeLeft, started}: {readonly timeLeft: () => number; readonly started: EarlyProgram | undefined},
): Promise<Addition> => {
  const {log} = parts;
  const invoke = withinTime(parts.invoke, timeLeft);
  const target = targetOf(record);
  for (let attempt = 1; ; attempt++) {
    const addition = await addNetwork(invoke, planned, target, attempt === 1 ? started : undefined);
    const {attachment, error} = addition;
    if (error !== undefined || planned.ifName !== primaryInterface) return addition;
    const ips = primaryIpsOf({...record, attachments: [attachment]});
    if (ips.length === 0) return {attachment, error: new AddressMissing(planned.network)};
    const holder = await otherHolder(parts, record, attachment, ips);
    if (!holder) return addition;
    const text = `network ${planned.network} assigned an address that is in use: ${holder}`;
    log.warn('address is in use, repeating ADD', {...fieldsOfNetwork(record), error: text});
    if (attempt === addressAttempts) return {attachment, error: new AddressInUse(text)};
    try {
      await delNetwork(invoke, attachment, target);
    } catch (failure) {
      return {attachment, error: failure};
    }
  }
};

/** Describes another pod that holds one of the addresses. Without another holder, reserves the addresses for the record. */
const otherHolder = async (
  {addresses, strayAddresses}: AttachParts,
  record: PodNetworkRecord,
  attachment: Attachment,
  ips: readonly string[],
): Promise<string | undefined> => {
  for (const ip of ips) {
    const netns = await strayAddresses.holderOf(ip);
    if (netns !== undefined) return `${ip} of an orphaned netns, ${netns}`;
  }
  const holder = addresses.reserve(record, attachment);
  return holder && `${holder.ip} of pod ${podNameOf(holder.record.pod)} in network ${holder.network}`;
};
