/** Attaches a sandbox: ADD, with everything undone again when it fails. */
import {createHash} from 'node:crypto';
import {crashPoint} from '../crash-point.ts';
import {textOf} from '../log.ts';
import type {Abandoned} from './abandoned.ts';
import {addEach, planAttachments} from './attachments.ts';
import {Conflict, UnknownNetwork, WrongState} from './errors.ts';
import type {AttachRequest, Parts, PodNetworks} from './pod-networks.ts';
import {podKeyOf, podNameOf} from './pod-ref.ts';
import type {PodNetwork} from './record.ts';
import {selectForAttach} from './select.ts';
import {undoAttachments} from './undo.ts';

export const createAttach =
  (parts: Parts, {leave, claim}: Abandoned): PodNetworks['attach'] =>
  async (request, signal) => {
    const {records, lock} = parts;
    const found = selectForAttach(records, request);
    if (!found) throw new UnknownNetwork('no network was created for this sandbox');
    const work = async () => {
      const record = records.get(found.key);
      if (!record) throw new UnknownNetwork('the network was deleted in the meantime');
      refuseMismatch(record, request);
      return await (record.state === 'attached' ? record : attachOnce(parts, record, request));
    };
    const attached = await lock(podKeyOf(found.pod), work, signal);
    if (signal?.aborted) leave(attached);
    else claim(attached);
    return attached;
  };

/** A repetition must be one: the same pod, sandbox and netns, and the same wishes. */
const refuseMismatch = (record: PodNetwork, request: AttachRequest): void => {
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

const attachOnce = async (parts: Parts, found: PodNetwork, request: AttachRequest): Promise<PodNetwork> => {
  const {records, netns, invoke, log} = parts;
  const {sandbox} = request;
  // `attaching` here is what a crash or a failed undo has left.
  const record = found.state === 'attaching' ? await undoAttachments(parts, found, 'created') : found;
  if (record.state !== 'created') throw new WrongState(`the network is ${record.state}, create a new one`);
  if (!netns.exists(record.netns)) throw new WrongState('the netns is gone, create a new one');

  const attachments = planAttachments(parts.networks, {...request, pod: record.pod});
  const intent: PodNetwork = {
    ...record,
    state: 'attaching',
    sandbox,
    request: digestOf(request),
    attachments,
  };
  let latest = intent;
  crashPoint('attach: before intent');
  await records.put(intent); // before the first ADD, or a crash would leave something that no one knows of
  crashPoint('attach: intent written');
  try {
    const target = {sandbox, netns: record.netns};
    for await (const soFar of addEach(invoke, attachments, target)) {
      latest = {...intent, attachments: soFar};
      const isLast = soFar.at(-1)?.result !== undefined;
      if (!isLast) await records.put(latest); // whoever undoes it after a crash has the results, too
    }
    const attached: PodNetwork = {...latest, state: 'attached'};
    crashPoint('attach: before result');
    await records.put(attached);
    crashPoint('attach: result written');
    return attached;
  } catch (error) {
    if (latest !== intent) await records.force(latest); // for the sweep, should the undoing fail
    await undoAttachments(parts, latest, 'created').catch((failure: unknown) => {
      log.warn('a failed attach is not undone yet', {
        correlation: record.key,
        sandbox,
        error: textOf(failure),
      });
    });
    throw error;
  }
};
