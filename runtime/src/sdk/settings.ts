/** The settings of the runtime, from the variables that kni-demo sets on a node and in its tests. */
import {hostname} from 'node:os';
import {cidrFrom} from '../node/ip-address.ts';

export interface Settings {
  /** Path of the unix socket to serve KNI on. `KNI_SOCKET`, default `/run/kni/kni.sock`. */
  readonly socket: string;
  /** Directory for what must survive a restart. `KNI_STATE_DIR`, default `/var/lib/kni-runtime`. */
  readonly stateDir: string;
  /** Directory of the pods' network namespaces. `KNI_NETNS_DIR`, default `/run/netns`. containerd accepts no other. */
  readonly netnsDir: string;
  /** Name of the Node object of this node. `KNI_NODE_NAME`, default: the host name. */
  readonly nodeName: string;
  /** Subnets for the pods of this node. `KNI_POD_CIDRS`, separated by commas. Empty: those of the Node object. */
  readonly podCidrs: readonly string[];
  /** Address and credentials of the API server. `KNI_KUBECONFIG`, default `/etc/kubernetes/kubelet.conf`. */
  readonly kubeconfig: string;
}

/** Throws if `KNI_POD_CIDRS` has a text that is not a subnet. */
export const readSettings = (env: Readonly<Record<string, string | undefined>> = process.env): Settings => ({
  socket: env['KNI_SOCKET'] || '/run/kni/kni.sock',
  stateDir: env['KNI_STATE_DIR'] || '/var/lib/kni-runtime',
  netnsDir: env['KNI_NETNS_DIR'] || '/run/netns',
  nodeName: env['KNI_NODE_NAME'] || hostname(),
  podCidrs: subnetsIn(env['KNI_POD_CIDRS'] ?? ''),
  kubeconfig: env['KNI_KUBECONFIG'] || '/etc/kubernetes/kubelet.conf',
});

const subnetsIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const cidr = cidrFrom(each);
      if (cidr === undefined)
        throw new Error(
          `invalid KNI_POD_CIDRS: ${JSON.stringify(each)} is not a subnet such as 10.244.1.0/24`,
        );
      return cidr;
    });
