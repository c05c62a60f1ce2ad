/** A network beyond the node: another namespace, which knows the node's address and nothing of its pods. */
import type {TestNode} from './node.ts';

export const world = {netns: '/run/world', ip: '172.30.0.1', nodeIp: '172.30.0.2', mtu: 1400} as const;

export const connectToWorld = async (node: TestNode): Promise<void> => {
  const commands = [
    `touch ${world.netns} && unshare --net=${world.netns} true`,
    `ip link add uplink mtu ${world.mtu} type veth peer name eth0 mtu ${world.mtu} netns ${world.netns}`,
    `ip address add ${world.nodeIp}/24 dev uplink && ip link set uplink up`,
    `nsenter --net=${world.netns} sh -c 'ip link set lo up; ip address add ${world.ip}/24 dev eth0; ip link set eth0 up'`,
    `ip route add default via ${world.ip}`,
  ];
  await node.run(['sh', '-c', commands.join(' && ')]);
};
