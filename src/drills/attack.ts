/** A pod cannot choose its netns: neither that of the node nor that of another pod. */

import type {Pod} from '../cluster/pod.ts';
import type {Drill, Scene} from './drill.ts';
import {addressesOf, networkOf, type PodNetwork, startPod} from './pods.ts';

/** The annotation from which containerd takes the netns. Only the kubelet may set it. */
const annotation = 'kni.dev/netns';

export const attack: Drill = {
  name: 'attack',
  shows: 'a pod that asks for the netns of the host gets its own',
  question: {
    asks: 'Can a user choose the netns of a pod by an annotation?',
  },
  async run(scene) {
    const {victim, network} = await scene.step(
      `Start a pod on ${scene.worker} that others will attack`,
      [`kni-demo pod create victim --node ${scene.worker}${scene.flag}`],
      async ({check}) => {
        const pod = await startPod(scene, {name: 'victim'});
        const own = await networkOf(scene, pod);
        const holds = own.netns?.includes(pod.uid) === true;
        check('containerd', 'it joined a netns that was made for it', {holds, saw: `${own.netns}`});
        return {victim: pod, network: own};
      },
    );
    await attempt(scene, 'host', '/proc/1/ns/net', victim, network);
    await attempt(scene, 'pod', network.netns ?? '', victim, network);
  },
};

const attempt = (
  scene: Scene,
  target: 'host' | 'pod',
  path: string,
  victim: Pod,
  {netns: victimNetns}: PodNetwork,
): Promise<void> => {
  const title = target === 'host' ? 'Ask for the netns of the node' : "Ask for the victim's netns";
  const commands = [
    `kni-demo kubectl${scene.flag} apply -f attacker.yaml`,
    `# its annotation ${annotation}: ${path}`,
  ];
  return scene.step(title, commands, async ({check}) => {
    const name = `attacker-${target}`;
    const pod = await startPod(scene, {name, annotations: {[annotation]: path}});
    const network = await networkOf(scene, pod);
    const {netns = '(a netns that containerd made)', links} = network;
    check('containerd', 'it joined the netns made for this pod, not the one it asked for', {
      holds: netns !== path && netns.includes(pod.uid),
      saw: netns,
    });
    const inodes = await inodesOf(scene, ['/proc/1/ns/net', netns, victimNetns ?? '']);
    const [ofHost = '', own = '', ofVictim = ''] = inodes;
    check('kernel', 'its netns is neither that of the node nor that of the victim', {
      holds: own !== '' && own !== ofHost && own !== ofVictim,
      saw: `net:[${own}], node net:[${ofHost}], victim net:[${ofVictim}]`,
    });
    const names = links.map((link) => link.name).filter((each) => each !== 'lo');
    check('kernel', 'it sees only its own interface', {
      holds: names.join() === 'eth0',
      saw: `${names.join(', ')} with ${addressesOf(network).join(', ')}`,
    });
    const ip = pod.ips[0] ?? 'no address';
    check('API server', "it has its own address, not the victim's", {
      holds: addressesOf(network).some((each) => each.startsWith(`${ip}/`)) && ip !== victim.ips[0],
      saw: `${ip}, victim ${victim.ips[0]}`,
    });
  });
};

/** The inode numbers of network namespaces on the worker. */
const inodesOf = async (
  {cluster, worker, signal}: Scene,
  paths: readonly string[],
): Promise<readonly string[]> =>
  (await cluster.node(worker).run(['stat', ['-L', '-c', '%i', ...paths]], {signal})).stdout.split('\n');
