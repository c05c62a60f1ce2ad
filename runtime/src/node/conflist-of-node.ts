/** The network configuration that the network runtime writes for its own node. */

export interface NodeConflist {
  readonly podCidr: string;
  readonly ipamDir: string;
  /** Of the interface that leads to the other nodes; pods must not send larger packets. */
  readonly mtu: number | undefined;
}

export const conflistName = 'kni';
export const conflistFile = '10-kni.conflist';
export const bridgeName = 'kni0';

export const conflistOfNode = ({podCidr, ipamDir, mtu}: NodeConflist): string => {
  const bridge = {
    type: 'bridge',
    bridge: bridgeName,
    isGateway: true,
    // A node that registers anew may get another podCIDR, while the bridge is still there.
    forceAddress: true,
    // Masquerading is done by rules of our own: the plugin's would hide pods from those of other nodes.
    ipMasq: false,
    hairpinMode: true,
    ...(mtu !== undefined && {mtu}),
    ipam: {
      type: 'host-local',
      dataDir: ipamDir,
      ranges: [[{subnet: podCidr}]],
      routes: [{dst: '0.0.0.0/0'}],
    },
  };
  const portmap = {type: 'portmap', capabilities: {portMappings: true}};
  return `${JSON.stringify({cniVersion: '1.0.0', name: conflistName, plugins: [bridge, portmap]}, null, 2)}\n`;
};
