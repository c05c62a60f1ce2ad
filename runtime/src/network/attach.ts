/** Attaches a sandbox: ADD, with everything undone again when it fails. */
import {createHash} from 'node:crypto';
import type {Attachment} from '../cni/attachment.ts';
import {type Addition, addNetwork, delNetwork} from '../cni/network.ts';
import {withinTime} from '../cni/plugin.ts';
import {crashPoint} from '../lib/crash-point.ts';
import {errorText} from '../log.ts';
import type {AbandonedNetworks} from './abandoned.ts';
import type {Admission} from './admission.ts';
import {addEach, planAttachments} from './attachments.ts';
import {type Caller, timeForAdd, timeForDel} from './caller.ts';
import {undoAttachments} from './cleanup.ts';
import {AddressInUse, Conflict, UnknownNetwork, WrongState} from './errors.ts';
import {refuseHeld, releaseHeld} from './held-resources.ts';
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
  {leave, claim}: AbandonedNetworks,
  admission: Admission,
): PodNetworkService['attach'] => {
  const addresses = createPodAddresses(parts.records);
  return async (request, caller = {}) => {
    const {records, lock} = parts;
    const found = selectForAttach(records, request);
    if (!found) throw new UnknownNetwork('no network was created for this sandbox');
    if (found.state !== 'attached' && holdingRecords(parts).length > 0)
      await releaseHeld(parts, planAttachments(parts.networks, {...request, pod: found.pod}), found.key);
    const work = async () => {
      const record = records.get(found.key);
      if (!record) throw new UnknownNetwork('the network was deleted in the meantime');
      refuseMismatch(record, request);
      return await (record.state === 'attached'
        ? record
        : attachOnce({...parts, addresses, admission}, record, request, caller));
    };
    const attached = await lock(podKeyOf(found.pod), work, caller.signal);
    if (caller.signal?.aborted) leave(attached);
    else claim(attached);
    return attached;
  };
};

/** A repetition must be one: the same pod, sandbox and netns, and the same wishes. */
const refuseMismatch = (record: PodNetworkRecord, request: AttachRequest): void => {
  const {pod, netns, sandbox, state} = record;
  const samePod = request.name === pod.name && request.namespace === pod.namespace;
  if (request.name && !samePod) throw new Conflict(`the network is that of pod ${podNameOf(pod)}`);
  if (request.netns && request.netns !== netns) throw new Conflict('the sandbox belongs to another netns');
  if (state !== 'created' && sandbox && sandbox !== request.sandbox) {
    throw new Conflict('the netns belongs to another sandbox');
  }
  if (state === 'attached' && record.request && record.request !== digestOf(request))
    throw new Conflict('the sandbox is attached already, and something else was asked for then');
};

/** Without what the pod's own annotations and the node's settings say, which may change between two calls. */
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
  // `attaching` here is what a crash or a failed undo has left.
  const record =
    found.state === 'attaching' ? await undoAttachments(parts, found, timeForAdd(caller)) : found;
  if (record.state !== 'created') throw new WrongState(`the network is ${record.state}, create a new one`);
  if (!netns.exists(record.netns)) throw new WrongState('the netns is gone, create a new one');

  const attachments = planAttachments(networks, {...request, pod: record.pod});
  const intent: PodNetworkRecord = {
    ...record,
    state: 'attaching',
    sandbox: request.sandbox,
    request: digestOf(request),
    attachments,
  };
  const add = async () => {
    refuseHeld(parts, attachments, record.key); // after the wait: another pod may have taken it meanwhile
    return await addAndRecord(parts, intent, caller);
  };
  return await admission({pod: record.pod, attachments}, add, caller);
};

const addAndRecord = async (
  parts: AttachParts,
  intent: PodNetworkRecord,
  caller: Caller,
): Promise<PodNetworkRecord> => {
  const {records, log, addresses, uptime} = parts;
  let latest = intent;
  crashPoint('attach: before intent');
  await records.put(intent); // before the first ADD, or a crash would leave something that no one knows of
  crashPoint('attach: intent written');
  const end = uptime() + timeForAdd(caller);
  try {
    const add = (attachment: Attachment) =>
      addWithOwnAddress(parts, latest, attachment, () => end - uptime());
    for await (const {attachments, error} of addEach(add, intent.attachments)) {
      latest = {...intent, attachments};
      if (error !== undefined) throw error;
      const isLast = attachments.at(-1)?.result !== undefined;
      if (!isLast) await records.put(latest); // whoever undoes it after a crash has the results, too
    }
    const attached: PodNetworkRecord = {...latest, state: 'attached'};
    crashPoint('attach: before result');
    await records.put(attached);
    crashPoint('attach: result written');
    return attached;
  } catch (error) {
    if (latest !== intent) await records.force(latest); // for the sweep, should the undoing fail
    await undoAttachments(parts, latest, timeForDel(caller)).catch((failure: unknown) => {
      log.warn('cannot undo a failed attach yet, will retry', {
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

/** How often ADD is tried to get an address that no other pod has. */
const addressAttempts = 8;

/**
 * ADD of one attachment. When eth0 gets an address that another pod has, as after the node's network was replaced by one
 * with the same range, the plugins are asked for another one.
 */
const addWithOwnAddress = async (
  parts: AttachParts,
  record: PodNetworkRecord,
  planned: Attachment,
  timeLeft: () => number,
): Promise<Addition> => {
  const {log} = parts;
  const invoke = withinTime(parts.invoke, timeLeft);
  const target = {sandbox: record.sandbox ?? '', netns: record.netns};
  for (let attempt = 1; ; attempt++) {
    const addition = await addNetwork(invoke, planned, target);
    const {attachment, error} = addition;
    const isPrimary = error === undefined && planned.ifName === primaryInterface;
    const holder = isPrimary ? await otherHolder(parts, record, attachment) : undefined;
    if (!holder) return addition;
    const text = `network ${planned.network} gave the pod the address ${holder}`;
    log.warn('address is in use, asking for another one', {...fieldsOfNetwork(record), error: text});
    if (attempt === addressAttempts) return {attachment, error: new AddressInUse(text)};
    try {
      await delNetwork(invoke, attachment, target);
    } catch (failure) {
      return {attachment, error: failure};
    }
  }
};

/** Who else has an address of eth0, in words. Without anybody, the addresses are reserved for the record. */
const otherHolder = async (
  {addresses, strayAddresses}: AttachParts,
  record: PodNetworkRecord,
  attachment: Attachment,
): Promise<string | undefined> => {
  const ips = primaryIpsOf({...record, attachments: [attachment]});
  for (const ip of ips) {
    const netns = await strayAddresses.holderOf(ip);
    if (netns !== undefined) return `${ip} of a pod without a record, whose netns is ${netns}`;
  }
  const holder = addresses.reserve(record, attachment);
  return holder && `${holder.ip} of pod ${podNameOf(holder.record.pod)} in network ${holder.network}`;
};
