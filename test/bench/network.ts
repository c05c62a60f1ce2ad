/** The network that all pods of the benchmark are attached to: the one that the network runtime writes for its node. */
import {conflistOfNode} from '../../runtime/src/node/conflist-of-node.ts';

/** A /16, so that there is room for thousands of pods. */
export const podCidr = '10.77.0.0/16';

/** `ipamDir` is where host-local keeps its leases. */
export const conflistText = (ipamDir: string): string =>
  conflistOfNode({podCidrs: [podCidr], ipamDir, mtu: undefined});

/** The loopback plugin, which some network runtimes call for each pod. */
export const loopbackText = JSON.stringify({cniVersion: '1.0.0', name: 'lo', plugins: [{type: 'loopback'}]});
