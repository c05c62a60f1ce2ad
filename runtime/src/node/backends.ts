/** The backends that route packets to pods of other nodes. A node uses one of them. */
import type {Exec} from '../process/exec.ts';
import type {Cluster} from './cluster.ts';
import {NodeNotReady} from './errors.ts';
import {networkAddressOf} from './ip-address.ts';
import {mtuOf} from './mtu.ts';
import {applyRoutes, routesOf} from './routes.ts';
import {overlayOf, tunnelEndOf, tunnelledMtu, tunnelMacOf} from './vxlan.ts';
import {applyDevice, removeDevice} from './vxlan-device.ts';
import {applyFirewall, removeFirewall} from './vxlan-firewall.ts';
import {applyOverlay, requireBridgeTool} from './vxlan-peers.ts';

export interface Backend {
  /** Prepares this node and returns the MTU for pods; until it succeeds, no pod is attached. */
  readonly prepare: (exec: Exec, cluster: Cluster) => Promise<number | undefined>;
  /** Sets up routing to the other nodes, and removes the settings of another backend. */
  readonly connect: (exec: Exec, cluster: Cluster) => Promise<void>;
}

/** `none` leaves routing to other programs, for example flannel. */
export const backendNames = ['host-gw', 'vxlan', 'none'] as const;
export type BackendName = (typeof backendNames)[number];

export const backends: Readonly<Record<Exclude<BackendName, 'none'>, Backend>> = {
  /** Each node is the gateway to its pods. All nodes must share one link. */
  'host-gw': {
    prepare: async (
      _,
      {
        own: {
          internalIps: [ip],
        },
      },
    ) => (ip === undefined ? undefined : await mtuOf(ip)),
    connect: async (exec, {nodes, own}) => {
      try {
        await applyRoutes(exec, routesOf(nodes, own.name));
      } finally {
        await removeDevice(exec);
        await removeFirewall(exec);
      }
    },
  },
  /** Packets to other nodes go through tunnels. The nodes only need IP connectivity. */
  vxlan: {
    prepare: async (exec, cluster) => {
      const {own} = cluster;
      await requireBridgeTool(exec);
      const local = tunnelEndOf(own);
      const underlayMtu = local && (await mtuOf(local));
      if (!local || !underlayMtu)
        throw new NodeNotReady('VxlanUnavailable', 'no interface of the node has its internal IP address');
      const mtu = tunnelledMtu(underlayMtu, local);
      const addresses = own.podCidrs.map(networkAddressOf);
      await applyFirewall(exec, cluster);
      await applyDevice(exec, {local, mac: tunnelMacOf(local), mtu, addresses});
      return mtu;
    },
    connect: (exec, {nodes, own}) => applyOverlay(exec, overlayOf(nodes, own)),
  },
};
