/** What is put into a sandbox: the node's network first, then those the pod asks for; and how to take it out again. */
import type {Attachment, Target} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import {addNetwork, delNetwork} from '../cni/network.ts';
import type {InvokePlugin} from '../cni/plugin.ts';
import {InvalidRequest} from './errors.ts';
import type {NetworkSelection} from './network-selection.ts';
import type {PodRef} from './pod-ref.ts';
import type {CapabilityArgs} from './record.ts';

/** The pod's interface in the node's network; Kubernetes and its users expect this name. */
export const primaryInterface = 'eth0';

/** Where networks come from. Both throw when there is none; neither asks the API server. */
export interface Networks {
  /** The node's own, which every pod is attached to. */
  readonly primary: () => Conflist;
  readonly named: (selection: NetworkSelection, podNamespace: string) => Conflist;
}

export interface AttachTo {
  readonly pod: PodRef;
  readonly sandbox: string;
  /** For every network of the pod. */
  readonly commonArgs: CapabilityArgs;
  /** For the node's network alone. */
  readonly primaryArgs: CapabilityArgs;
  readonly selections: readonly NetworkSelection[];
}

export const planAttachments = (networks: Networks, to: AttachTo): Attachment[] => {
  const {pod, sandbox, commonArgs, primaryArgs, selections} = to;
  const cniArgs = cniArgsOf(pod, sandbox);
  const planned = (list: Conflist, ifName: string, args: CapabilityArgs): Attachment => ({
    network: list.name,
    ifName,
    config: list.text,
    cniArgs,
    capabilityArgs: declaredOf(list, {...commonArgs, ...args}),
  });
  const primary = planned(networks.primary(), primaryInterface, primaryArgs);
  const others: Attachment[] = [];
  for (const selection of selections) {
    const list = networks.named(selection, pod.namespace);
    refuseUnheeded(list, selection);
    others.push(planned(list, selection.ifName, selection.capabilityArgs));
  }
  return [primary, ...others];
};

/** Only these reach a plugin anyway; a record need not carry the others. */
const declaredOf = (list: Conflist, args: CapabilityArgs): CapabilityArgs =>
  Object.fromEntries(Object.entries(args).filter(([capability]) => declares(list, capability)));

const declares = (list: Conflist, capability: string): boolean =>
  list.plugins.some(({capabilities}) => capabilities.has(capability));

/** A pod that asks for an address and silently gets another one is worse off than one that is told. */
const refuseUnheeded = (list: Conflist, {name, capabilityArgs}: NetworkSelection): void => {
  const unheeded = Object.keys(capabilityArgs).find((capability) => !declares(list, capability));
  if (unheeded)
    throw new InvalidRequest(
      `network ${name} has no plugin with the capability ${unheeded}, which is asked for`,
    );
};

/** What containerd sends. The values hold neither `;` nor `=`: they were checked when the request came in. */
const cniArgsOf = ({namespace, name, uid}: PodRef, sandbox: string): Attachment['cniArgs'] => [
  ['IgnoreUnknown', '1'],
  ['K8S_POD_NAMESPACE', namespace],
  ['K8S_POD_NAME', name],
  ['K8S_POD_INFRA_CONTAINER_ID', sandbox],
  ['K8S_POD_UID', uid],
];

/**
 * In order. Yields all attachments after each ADD, with the results so far: DEL wants them. The first failure ends it and
 * leaves the undoing to the caller.
 */
export async function* addEach(
  invoke: InvokePlugin,
  attachments: readonly Attachment[],
  target: Target,
): AsyncGenerator<readonly Attachment[], void, void> {
  const results = [...attachments];
  for (const [index, attachment] of attachments.entries()) {
    results[index] = {...attachment, result: await addNetwork(invoke, attachment, target)};
    yield [...results];
  }
}

/** What could not be deleted, in the order of the attachments, and why. */
export interface Left {
  readonly attachments: readonly Attachment[];
  readonly errors: readonly unknown[];
}

/**
 * In reverse. DEL of what was never added is no error (CNI spec, section 2, "DEL"), so it may be all of them. One network
 * that fails does not keep the addresses and ports of the others.
 */
export const delAll = async (
  invoke: InvokePlugin,
  attachments: readonly Attachment[],
  target: Target,
): Promise<Left> => {
  const left: Attachment[] = [];
  const errors: unknown[] = [];
  for (const attachment of attachments.toReversed()) {
    try {
      await delNetwork(invoke, attachment, target);
    } catch (error) {
      left.unshift(attachment);
      errors.unshift(error);
    }
  }
  return {attachments: left, errors};
};
