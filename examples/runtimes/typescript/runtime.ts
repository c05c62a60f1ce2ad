/** A network runtime for KNI: a veth pair connects each pod to a bridge, with an address of its node. See README.md. */

import {
  addVeth,
  createAddressPool,
  ensureBridge,
  openNetns,
  openNode,
  openPods,
  type PodNetwork,
  type PodNetworkAnswer,
  readSettings,
  removeLink,
  serve,
  vethNameOf,
} from 'kni-demo/sdk';

/** The data that this runtime stores for each pod. */
interface Connection {
  /** With prefix length: `10.244.1.2/24`. */
  readonly addresses: readonly string[];
  readonly mac: string;
}
type Pod = PodNetwork<Connection>;

/** Named as in kni-demo's own runtime. Only one of the two runs on a node, and both find the bridge of the other. */
const bridge = 'kni0';

const settings = readSettings();
const node = await openNode(settings);
const netns = await openNetns(settings);
const pods = await openPods<Connection>(settings);
const pool = createAddressPool(node.podCidrs);

/** Undoes attachInterface, completely or in part. */
const disconnect = async (pod: Pod, state: 'created' | 'detached'): Promise<void> => {
  await removeLink(vethNameOf(pod.key));
  await pods.write({...pod, state, data: undefined});
  pool.release(pod.data?.addresses ?? []);
};

const remove = async (pod: Pod): Promise<void> => {
  if (pod.data) await disconnect(pod, 'detached');
  await netns.remove(pod.netns);
  await pods.remove(pod);
};

const answerOf = ({data, netns: path}: Pod): PodNetworkAnswer => ({
  ipconfigs: {eth0: {ip: data?.addresses.map((each) => each.split('/')[0] ?? '') ?? [], mac: data?.mac}},
  extradata: {netns: path},
});

// After a restart the pods keep their addresses. After a reboot their netns are gone, and so is all that was in them.
for (const pod of pods.all()) {
  pool.reserve(pod.data?.addresses ?? []);
  if (!netns.exists(pod.netns)) await remove(pod);
}
await ensureBridge(bridge, pool.gateways);

await serve(
  {
    async createNetwork(request) {
      const pod = await pods.create(request); // before the netns: whatever happens next, deleteNetwork finds it
      await netns.create(pod.netns);
      return {netnsPath: pod.netns};
    },

    async attachInterface(request) {
      const pod = pods.toAttach(request);
      if (pod.state === 'attached') return answerOf(pod); // the kubelet did not get the first answer
      const addresses = pod.data?.addresses ?? pool.take();
      const attaching = await pods
        .write({...pod, sandbox: request.id, state: 'attaching', data: {addresses, mac: ''}})
        .catch((error: unknown) => {
          if (!pod.data) pool.release(addresses); // no record has them
          throw error;
        });
      try {
        const {key, netns: path} = pod;
        const ends = {netns: path, name: 'eth0', hostName: vethNameOf(key), bridge};
        const {mac} = await addVeth({...ends, addresses, gateways: pool.gateways, mtu: node.mtu});
        return answerOf(await pods.write({...attaching, state: 'attached', data: {addresses, mac}}));
      } catch (error) {
        await disconnect(attaching, 'created');
        throw error;
      }
    },

    async queryPodNetwork(request) {
      return answerOf(pods.attached(request));
    },

    async detachInterface(request) {
      const pod = pods.toRemove(request);
      if (pod?.data) await disconnect(pod, 'detached');
    },

    async deleteNetwork(request) {
      const pod = pods.toRemove(request);
      if (pod) await remove(pod);
    },

    async setupNodeNetwork() {
      await ensureBridge(bridge, pool.gateways);
      await node.setup();
    },

    async queryNodeNetworks() {
      const trouble = node.trouble() ?? pool.trouble();
      return {networks: [{name: 'bridge', ready: trouble === undefined, extradata: {...trouble}}]};
    },
  },
  {settings, pods},
);
