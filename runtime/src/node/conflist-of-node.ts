/** The network configuration that the network runtime writes for its own node. */
import {familyOf} from './ip-address.ts';

export interface NodeConflist {
  /** At most one per IP family; a pod gets an address from each. */
  readonly podCidrs: readonly string[];
  readonly ipamDir: string;
  /** The largest packet that reaches other nodes unfragmented. */
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
    // A node that registers again may get another podCIDR while the bridge still has the old address.
    forceAddress: true,
    // masquerade.ts does this: the plugin would also masquerade traffic to pods of other nodes.
    ipMasq: false,
    // In hairpin mode the plugin disables duplicate address detection in the pod, which would detect itself. So IPv6
    // addresses are usable at once.
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
