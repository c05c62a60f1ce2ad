/** Durable records of the pods' networks, and the search for the one that a request means. */
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import type {
  AttachInterfaceRequest,
  CreateNetworkRequest,
  DeleteNetworkRequest,
  DetachInterfaceRequest,
  QueryPodNetworkRequest,
} from '../gen/kni_pb.ts';
import {createLock} from '../lib/keyed-lock.ts';
import {makeDirectory} from '../lib/make-directory.ts';
import {netnsPathOf} from '../netns/netns-dir.ts';
import {Conflict, StoreFailed, UnknownNetwork, WrongState} from '../network/errors.ts';
import {podKeyOf, podNameOf} from '../network/pod-ref.ts';
import {type Selector, selectForAttach, selectForTeardown} from '../network/select.ts';
import {primaryArgsOf} from '../rpc/capability-args.ts';
import {optional, required} from '../rpc/checked.ts';
import {selectorOf} from '../rpc/selector.ts';
import {takeLock} from '../server/instance-lock.ts';
import {openRecords} from './records.ts';
import type {Settings} from './settings.ts';

/** The record of one sandbox attempt: CreateNetwork writes it, AttachInterface completes it, DeleteNetwork removes it. */
export interface PodNetwork<Data> {
  /** `<uid>-<8 hexadecimal digits>`, never reused: a late call for an earlier attempt cannot hit a later one. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty if the kubelet does not send it. */
  readonly uid: string;
  /** The kubelet's counter of sandboxes. It restarts at 0, so it identifies nothing by itself. */
  readonly attempt: string;
  /** Path of the netns. */
  readonly netns: string;
  /**
   * Write `attaching` and `detaching` before the first change to the node, `attached` and `detached` after the last one: after a
   * crash they tell what may be there.
   */
  readonly state: 'created' | 'attaching' | 'attached' | 'detaching' | 'detached';
  /** Id of the pod sandbox; unknown before AttachInterface. */
  readonly sandbox?: string;
  /** Data that the runtime stores with the network, as JSON. */
  readonly data?: Data;
}

export interface PodNetworks<Data> {
  all(): readonly PodNetwork<Data>[];
  /** Writes a record in state `created`. A repeated call returns the same record until it is attached. */
  create(request: CreateNetworkRequest): Promise<PodNetwork<Data>>;
  /**
   * The record to attach. Throws `INVALID_ARGUMENT` for an invalid id or host port, `NOT_FOUND` without a record, `ALREADY_EXISTS`
   * if it belongs to another pod, netns or sandbox, `FAILED_PRECONDITION` if it was detached. A record in state `attached` means a
   * repeated call: answer as the first time. A record in state `attaching` means that a crash interrupted a call, maybe one for
   * `sandbox`, another sandbox of the same pod: undo or replace what that call made.
   */
  toAttach(request: AttachInterfaceRequest): PodNetwork<Data>;
  /** The record of an attached sandbox. Throws `NOT_FOUND` or `FAILED_PRECONDITION`, as QueryPodNetwork demands. */
  attached(request: QueryPodNetworkRequest): PodNetwork<Data>;
  /** The record to detach or delete. Undefined means that there is nothing to do, which is a success. */
  toRemove(request: DetachInterfaceRequest | DeleteNetworkRequest): PodNetwork<Data> | undefined;
  /**
   * Replaces the record. When it resolves, `attached` and `detached` survive a power loss, other states a crash of the process.
   * Rejects, and keeps the old record, if the disk is full or fails.
   */
  write(pod: PodNetwork<Data>): Promise<PodNetwork<Data>>;
  /** Removes the record. A missing one is fine. */
  remove(pod: PodNetwork<Data>): Promise<void>;
}

/** The fields of all requests that are about a pod. */
export interface PodRequest {
  readonly name: string;
  readonly namespace: string;
  readonly id?: string;
  readonly uid?: string;
  readonly netnsPath?: string;
  readonly isolation?: {readonly path: string} | undefined;
  readonly extradata?: Readonly<Record<string, string>>;
}

/** What `serve` needs to know of the records. */
export interface PodIndex {
  /** Undefined for a pod without a record. */
  find(request: PodRequest): PodNetwork<unknown> | undefined;
}

/** Kept out of the type that users see. */
export const indexes = new WeakMap<object, PodIndex>();

/**
 * Reads the records that were written before. Rejects if another process uses the directory `settings.stateDir`. Damaged
 * records are logged and left out.
 */
export const openPods = async <Data>(
  settings: Pick<Settings, 'stateDir' | 'netnsDir'>,
): Promise<PodNetworks<Data>> => {
  const {stateDir, netnsDir} = settings;
  makeDirectory(stateDir, 0o700);
  await takeLock(join(stateDir, 'lock'), stateDir);
  const records = await openRecords<PodNetwork<Data>>(join(stateDir, 'pod-networks'));
  const all = (): readonly PodNetwork<Data>[] => [...records.all()];
  const index = {
    bySandbox: (sandbox: string) => all().findLast((pod) => pod.sandbox === sandbox),
    byNetns: (netns: string) => all().find((pod) => pod.netns === netns),
    ofPod: ({uid, namespace, name}: {uid: string; namespace: string; name: string}) =>
      all().filter((pod) => (uid ? pod.uid === uid : podNameOf(pod) === podNameOf({namespace, name}))),
  };
  const write = async (pod: PodNetwork<Data>): Promise<PodNetwork<Data>> => {
    const isOutcome = pod.state === 'attached' || pod.state === 'detached';
    await stored(records.put(pod.key, pod, {isOutcome, isCleanup: pod.state.startsWith('detach')}));
    return pod;
  };
  const creating = createLock();
  const pods: PodNetworks<Data> = {
    all,
    create: async (request) => {
      const pod = {
        namespace: required('namespace', request.namespace),
        name: required('name', request.name),
        uid: optional('uid', request.uid || request.extradata['uid']),
      };
      const attempt = optional('attempt', request.extradata['attempt']) || '0';
      const podKey = podKeyOf(pod);
      return creating(podKey, async () => {
        const waiting = index
          .ofPod(pod)
          .find((each) => isWaiting(each, attempt) && podKeyOf(each) === podKey);
        if (waiting) return waiting;
        const key = `${podKey}-${randomBytes(4).toString('hex')}`;
        return write({key, ...pod, attempt, netns: netnsPathOf(netnsDir, key), state: 'created'});
      });
    },
    toAttach: (request) => {
      required('id', request.id);
      const selector = selectorIn(request);
      const found = selectForAttach(index, selector);
      if (!found) throw new UnknownNetwork('no pod network was created for this sandbox');
      refuseMismatch(found, selector);
      primaryArgsOf(request); // throws for invalid host ports
      return found;
    },
    attached: (request) => {
      const found = index.bySandbox(required('id', request.id));
      if (!found) throw new UnknownNetwork('unknown sandbox');
      if (found.state !== 'attached')
        throw new WrongState(`the sandbox is not attached: its network is ${found.state}`);
      return found;
    },
    toRemove: (request) => selectForTeardown(index, selectorIn(request)),
    write,
    remove: async ({key}) => await stored(records.drop(key)),
  };
  indexes.set(pods, {
    find: (request) => {
      const selector = selectorIn(request);
      return selectForTeardown(index, selector) ?? selectForAttach(index, selector);
    },
  });
  return pods;
};

/** A crash may have interrupted the attachment: the caller then begins again with CreateNetwork. */
const isWaiting = ({state, attempt}: PodNetwork<unknown>, wanted: string): boolean =>
  (state === 'created' || state === 'attaching') && attempt === wanted;

/** Throws `INVALID_ARGUMENT` for names, ids and paths that cannot be valid. */
const selectorIn = (request: PodRequest): Selector => {
  const {id = '', uid, name, namespace, extradata = {}} = request;
  const identity = {id, name, namespace, extradata: uid ? {...extradata, uid} : extradata};
  return selectorOf(identity, request.netnsPath ?? request.isolation?.path);
};

const refuseMismatch = (pod: PodNetwork<unknown>, {namespace, name, netns, sandbox}: Selector): void => {
  if (name && podNameOf(pod) !== podNameOf({namespace, name}))
    throw new Conflict(`the pod network belongs to pod ${podNameOf(pod)}`);
  if (netns && netns !== pod.netns)
    throw new Conflict('the sandbox belongs to another netns than the requested one');
  const isUnfinished = pod.state === 'created' || pod.state === 'attaching'; // no other call for this pod is in progress
  if (!isUnfinished && pod.sandbox !== sandbox) throw new Conflict('the netns belongs to another sandbox');
  if (pod.state === 'detaching' || pod.state === 'detached')
    throw new WrongState(`the pod network is ${pod.state}: call CreateNetwork again`);
};

const stored = (work: Promise<void>): Promise<void> =>
  work.catch((error: unknown) => {
    throw new StoreFailed('cannot write the record of the pod network', error);
  });
