/** Plans the attachments of a sandbox (the node's network first, then those that the pod selects), adds and deletes them. */
import type {Attachment, Target} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import {type Addition, delNetwork} from '../cni/network.ts';
import {withinTime} from '../cni/plugin.ts';
import type {EarlyProgram} from '../process/early-program.ts';
import {InvalidRequest} from './errors.ts';
import type {NetworkSelection} from './network-selection.ts';
import type {PodRef} from './pod-ref.ts';
import {primaryInterface} from './primary-ips.ts';
import type {CapabilityArgs} from './record.ts';

/** The sources of networks. Both throw when the network is missing. Neither calls the API server. */
export interface Networks {
  /** The node's own network, to which every pod is attached. */
  readonly primary: () => Conflist;
  readonly named: (selection: NetworkSelection, podNamespace: string, primary: Conflist) => Conflist;
}

export interface AttachOptions {
  readonly pod: PodRef;
  readonly sandbox: string;
  /** For every network of the pod. */
  readonly commonArgs: CapabilityArgs;
  /** For the node's network only. */
  readonly primaryArgs: CapabilityArgs;
  readonly selections: readonly NetworkSelection[];
}

export const planAttachments = (networks: Networks, to: AttachOptions): Attachment[] => {
  const {pod, sandbox, commonArgs, primaryArgs, selections} = to;
  const cniArgs = cniArgsOf(pod, sandbox);
  const planned = (list: Conflist, ifName: string, args: CapabilityArgs): Attachment => ({
    network: list.name,
    ifName,
    config: list.text,
    cniArgs,
    capabilityArgs: declaredOf(list, {...commonArgs, ...args}),
  });
  const primary = networks.primary();
  const others: Attachment[] = [];
  for (const selection of selections) {
    const list = networks.named(selection, pod.namespace, primary);
    refuseUndeclared(list, selection);
    const {name, namespace, ifName, capabilityArgs} = selection;
    others.push({...planned(list, ifName, capabilityArgs), selected: {namespace, name}});
  }
  return [planned(primary, primaryInterface, primaryArgs), ...others];
};

/** Plugins get only the capabilities that they declare, so a record does not need the others. */
const declaredOf = (list: Conflist, args: CapabilityArgs): CapabilityArgs =>
  Object.fromEntries(Object.entries(args).filter(([capability]) => declares(list, capability)));

const declares = (list: Conflist, capability: string): boolean =>
  list.plugins.some(({capabilities}) => capabilities.has(capability));

/** An error is better than a pod that silently gets another address than it requested. */
const refuseUndeclared = (list: Conflist, {name, capabilityArgs}: NetworkSelection): void => {
  const undeclared = Object.keys(capabilityArgs).find((capability) => !declares(list, capability));
  if (undeclared)
    throw new InvalidRequest(`network ${name} has no plugin with the requested capability ${undeclared}`);
};

/** The arguments that containerd sends. The request was checked: no value contains `;` or `=`. */
const cniArgsOf = ({namespace, name, uid}: PodRef, sandbox: string): Attachment['cniArgs'] => [
  ['IgnoreUnknown', '1'],
  ['K8S_POD_NAMESPACE', namespace],
  ['K8S_POD_NAME', name],
  ['K8S_POD_INFRA_CONTAINER_ID', sandbox],
  ['K8S_POD_UID', uid],
];

/** All attachments of a sandbox after one more ADD. */
export interface AddProgress {
  readonly attachments: readonly Attachment[];
  /** Why the ADD failed. No further ADD follows. */
  readonly error?: unknown;
}

/** ADD in order. Yields after each one, with what DEL needs. After a failure, attachments whose ADD has not begun are left out. */
export async function* addEach(
  add: (attachment: Attachment) => Promise<Addition>,
  attachments: readonly Attachment[],
): AsyncGenerator<AddProgress, void, void> {
  const all = [...attachments];
  for (const [index, planned] of attachments.entries()) {
    const {attachment, error} = await add(planned);
    all[index] = attachment;
    if (error !== undefined) {
      yield {attachments: all.slice(0, index + 1), error};
      return;
    }
    yield {attachments: [...all]};
  }
}

/** An attachment whose DEL failed. */
export interface FailedDeletion {
  readonly attachment: Attachment;
  readonly error: unknown;
}

/**
 * DEL in reverse order. A failure does not stop the DEL of the other networks, and a hanging plugin does not use up their time:
 * each gets an equal share of `timeLeft` (in ms). Returns the failures in the order of the attachments. `first` is the process
 * of the first plugin, from `startFirst`.
 */
export const delAll = async (
  invoke: InvokePlugin,
  attachments: readonly Attachment[],
  target: Target,
  timeLeft: () => number,
  first?: EarlyProgram,
): Promise<readonly FailedDeletion[]> => {
  const failures: FailedDeletion[] = [];
  for (const [done, attachment] of attachments.toReversed().entries()) {
    const share = timeLeft() / (attachments.length - done);
    const end = performance.now() + share;
    try {
      await delNetwork(
        withinTime(invoke, () => end - performance.now()),
        attachment,
        target,
        done === 0 ? first : undefined,
      );
    } catch (error) {
      failures.unshift({attachment, error});
    }
  }
  return failures;
};
