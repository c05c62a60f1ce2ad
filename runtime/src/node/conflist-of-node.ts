/** The network configuration that the network runtime writes for its own node. */
import {familyOf} from './ip-address.ts';

export interface NodeConflist {
  /** One of a family at most; a pod gets an address of each. */
  readonly podCidrs: readonly string[];
  readonly ipamDir: string;
  /** What reaches the other nodes in one piece; pods must not send larger packets. */
  readonly mtu: number | undefined;
}

export const conflistName = 'kni';
export const conflistFile = '10-kni.conflist';
export const bridgeName = 'kni0';

const everywhere = {4: '0.0.0.0/0', 6: '::/0'} as const;

export const conflistOfNode = ({podCidrs, ipamDir, mtu}: NodeConflist): string => {
  const bridge = {
    type: 'bridge',
    bridge: bridgeName,
    isGateway: true,
    // A node that registers anew may get another podCIDR, while the bridge is still there.
    forceAddress: true,
    // Masquerading is done by rules of our own: the plugin's would hide pods from those of other nodes.
    ipMasq: false,
    // With it the plugin switches off duplicate address detection in the pod, which would hear its own question:
    // an IPv6 address serves at once.
    hairpinMode: true,
    ...(mtu !== undefined && {mtu}),
    ipam: {
      type: 'host-local',
      dataDir: ipamDir,
      ranges: podCidrs.map((subnet) => [{subnet}]),
      routes: podCidrs.map((cidr) => ({dst: everywhere[familyOf(cidr)]})),
    },
  };
  const portmap = {type: 'portmap', capabilities: {portMappings: true}};
  return `${JSON.stringify({cniVersion: '1.0.0', name: conflistName, plugins: [bridge, portmap]}, null, 2)}\n`;
};
