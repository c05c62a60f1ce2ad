/** What is put into a sandbox: its loopback, then the node's network; and how to take it out again. */
import type {Attachment, Target} from '../cni/attachment.ts';
import type {Conflist} from '../cni/conflist.ts';
import {loopback} from '../cni/loopback.ts';
import {addNetwork, delNetwork} from '../cni/network.ts';
import type {InvokePlugin} from '../cni/plugin.ts';
import type {PodRef} from './pod-ref.ts';

/** The pod's interface in the node's network; Kubernetes and its users expect this name. */
export const primaryInterface = 'eth0';

export interface AttachTo {
  readonly pod: PodRef;
  readonly sandbox: string;
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
}

export const planAttachments = (list: Conflist, {pod, sandbox, capabilityArgs}: AttachTo): Attachment[] => {
  const cniArgs = cniArgsOf(pod, sandbox);
  return [
    {network: 'loopback', ifName: loopback.ifName, config: loopback.config, cniArgs, capabilityArgs: {}},
    {network: list.name, ifName: primaryInterface, config: list.text, cniArgs, capabilityArgs},
  ];
};

/** What containerd sends. The values hold neither `;` nor `=`: they were checked when the request came in. */
const cniArgsOf = ({namespace, name, uid}: PodRef, sandbox: string): Attachment['cniArgs'] => [
  ['IgnoreUnknown', '1'],
  ['K8S_POD_NAMESPACE', namespace],
  ['K8S_POD_NAME', name],
  ['K8S_POD_INFRA_CONTAINER_ID', sandbox],
  ['K8S_POD_UID', uid],
];

/** In order, each with its result; the first failure ends it and leaves the undoing to the caller. */
export const addAll = async (
  invoke: InvokePlugin,
  attachments: readonly Attachment[],
  target: Target,
): Promise<Attachment[]> => {
  const added: Attachment[] = [];
  for (const attachment of attachments) {
    added.push({...attachment, result: await addNetwork(invoke, attachment, target)});
  }
  return added;
};

/** In reverse. DEL of what was never added is no error (CNI spec, section 2, "DEL"), so it may be all of them. */
export const delAll = async (
  invoke: InvokePlugin,
  attachments: readonly Attachment[],
  target: Target,
): Promise<void> => {
  for (const attachment of attachments.toReversed()) await delNetwork(invoke, attachment, target);
};
