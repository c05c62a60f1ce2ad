/** Pods of the suite, and the calls that kubelets make for them. */

import {randomBytes, randomUUID} from 'node:crypto';
import type {MessageInitShape} from '@bufbuild/protobuf';
import type {IPConfig, PortMappingSchema} from '../../runtime/src/gen/kni_pb.ts';
import type {KniCalls, Patience} from './kni-client.ts';

/** A sandbox of a pod. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** 64 hexadecimal digits, as containerd and CRI-O make them. */
  readonly sandbox: string;
  readonly attempt: string;
}

/** A pod with a network. */
export interface Attached {
  readonly pod: Pod;
  readonly netns: string;
  readonly ipconfigs: Readonly<Record<string, IPConfig>>;
}

export const podNamespace = 'kni-conformance';

let count = 0;

export const newPod = (parts: Partial<Pod> = {}): Pod => ({
  namespace: podNamespace,
  name: `pod-${process.pid}-${++count}`,
  uid: randomUUID(),
  sandbox: randomBytes(32).toString('hex'),
  attempt: '0',
  ...parts,
});

/** The fields of AttachInterface that come from the pod's specification. */
export interface Wishes {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly portMappings?: MessageInitShape<typeof PortMappingSchema>[];
}

/** The fields by which DetachInterface, DeleteNetwork and QueryPodNetwork identify a sandbox. */
export const identityOf = ({sandbox, name, namespace, uid, attempt}: Pod) => ({
  id: sandbox,
  name,
  namespace,
  extradata: {uid, attempt},
});

const labelsOf = ({name, namespace, uid}: Pod) => ({
  'io.kubernetes.pod.name': name,
  'io.kubernetes.pod.namespace': namespace,
  'io.kubernetes.pod.uid': uid,
});

export const createNetwork = async (
  kni: KniCalls,
  pod: Pod,
  annotations: Readonly<Record<string, string>> = {},
  patience?: Patience,
): Promise<string> => {
  const {namespace, name, uid, attempt} = pod;
  const {netnsPath} = await kni.createNetwork(
    {namespace, name, uid, labels: labelsOf(pod), annotations, extradata: {attempt}},
    patience,
  );
  return netnsPath;
};

export const attach = async (
  kni: KniCalls,
  pod: Pod,
  netns: string,
  wishes: Wishes = {},
  patience?: Patience,
): Promise<Attached> => {
  const {ipconfigs} = await kni.attachInterface(
    {...identityOf(pod), labels: labelsOf(pod), isolation: {path: netns, type: 'netns'}, ...wishes},
    patience,
  );
  return {pod, netns, ipconfigs};
};

/** The calls around RunPodSandbox. */
export const bringUp = async (kni: KniCalls, pod: Pod, wishes: Wishes = {}): Promise<Attached> =>
  attach(kni, pod, await createNetwork(kni, pod), wishes);

/** The calls around StopPodSandbox. */
export const takeDown = async (
  kni: KniCalls,
  {pod, netns}: Pick<Attached, 'pod' | 'netns'>,
): Promise<void> => {
  await kni.detachInterface({...identityOf(pod), isolation: {path: netns, type: 'netns'}});
  await kni.deleteNetwork({...identityOf(pod), netnsPath: netns});
};

/** The interfaces and addresses of an answer, for comparisons. */
export const addressesOf = (ipconfigs: Readonly<Record<string, IPConfig>>): string =>
  Object.entries(ipconfigs)
    .map(([name, {ip}]) => `${name}=${ip.join(',')}`)
    .sort()
    .join(' ');

/** All addresses of an answer. */
export const ipsOf = ({ipconfigs}: Pick<Attached, 'ipconfigs'>): readonly string[] =>
  Object.values(ipconfigs).flatMap(({ip}) => ip);
