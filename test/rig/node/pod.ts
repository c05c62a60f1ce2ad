/** Pods for the tests, and the calls that a kubelet makes for them. */
import {randomUUID} from 'node:crypto';
import type {MessageInitShape} from '@bufbuild/protobuf';
import type {AttachInterfaceRequestSchema} from '../../../runtime/src/gen/kni_pb.ts';
import type {KniClient} from './client.ts';

export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly sandbox: string;
}

export const newPod = (name: string): TestPod => ({
  namespace: 'default',
  name,
  uid: randomUUID(),
  sandbox: randomUUID().replaceAll('-', ''),
});

type AttachOptions = Pick<
  MessageInitShape<typeof AttachInterfaceRequestSchema>,
  'portMappings' | 'annotations'
>;

export const createNetwork = async (kni: KniClient, pod: TestPod, attempt = '0'): Promise<string> => {
  const {namespace, name, uid} = pod;
  const {netnsPath} = await kni.createNetwork({namespace, name, uid, extradata: {attempt}});
  return netnsPath;
};

export const attach = async (kni: KniClient, pod: TestPod, netns: string, options: AttachOptions = {}) => {
  const {ipconfigs} = await kni.attachInterface({
    ...identify(pod),
    isolation: {path: netns, type: 'netns'},
    ...options,
  });
  return ipconfigs;
};

/** Makes the calls that a kubelet makes around RunPodSandbox. Returns the pod's address. */
export const bringUp = async (kni: KniClient, pod: TestPod, options: AttachOptions = {}) => {
  const netns = await createNetwork(kni, pod);
  const ipconfigs = await attach(kni, pod, netns, options);
  return {netns, ip: ipconfigs['eth0']?.ip[0] ?? '', mac: ipconfigs['eth0']?.mac ?? ''};
};

/** Makes the calls that a kubelet makes around StopPodSandbox. */
export const takeDown = async (kni: KniClient, pod: TestPod, netns: string): Promise<void> => {
  await kni.detachInterface({...identify(pod), isolation: {path: netns, type: 'netns'}});
  await kni.deleteNetwork({...identify(pod), netnsPath: netns});
};

export const identify = ({sandbox, name, namespace, uid}: TestPod) => ({
  id: sandbox,
  name,
  namespace,
  extradata: {uid, attempt: '0'},
});
