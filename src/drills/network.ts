/** The network that a drill adds to a node: a bridge without an address, with a few addresses for pods. */

import {applyManifest} from '../tools/kubectl.ts';
import type {Scene} from './drill.ts';
import {namespace} from './pods.ts';

export const network = 'kni-drill';
export const bridge = 'kni-drill0';

/** The annotation with which a pod selects it. */
export const selection = {'k8s.v1.cni.cncf.io/networks': network};

/** A range that is reserved for benchmarks (RFC 2544), so it collides with no real network. */
export const addressAt = (last: number): string => `198.18.0.${last}`;

export interface Definition {
  /** Of the addresses, which begin with 198.18.0.2. */
  readonly addresses: number;
  /** Plugins after the bridge. */
  readonly more?: readonly object[];
}

/** Creates or replaces the NetworkAttachmentDefinition. `ownNetwork` of a drill has the bridge and its leases removed. */
export const defineNetwork = async (scene: Scene, {addresses, more = []}: Definition): Promise<void> => {
  const {cluster, signal} = scene;
  const config = {
    cniVersion: '1.0.0',
    name: network,
    plugins: [
      {
        type: 'bridge',
        bridge,
        ipam: {
          type: 'host-local',
          ranges: [[{subnet: '198.18.0.0/24', rangeStart: addressAt(2), rangeEnd: addressAt(1 + addresses)}]],
        },
      },
      ...more,
    ],
  };
  const definition = {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: {name: network, namespace},
    spec: {config: JSON.stringify(config)},
  };
  await cluster.controlPlane.run(applyManifest, {input: JSON.stringify(definition), signal});
};
