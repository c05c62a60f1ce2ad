/** Networks beyond the node: another namespace, which knows the node's addresses and nothing of its pods. */
import type {TestNode} from './node.ts';

export const world = {
  netns: '/run/world',
  ip: '172.30.0.1',
  nodeIp: '172.30.0.2',
  ip6: 'fd30::1',
  nodeIp6: 'fd30::2',
  mtu: 1400,
} as const;

/** The kernel tells of a carrier up to a second late; an interface without one counts as none. */
const carrier = "while ! ip link show uplink | grep -q 'state UP'; do sleep 0.02; done";

/** With a label at the node's address, as some distributions give it: programs see that in place of the interface's name. */
export const connectToWorld = async (node: TestNode): Promise<void> => {
  const commands = [
    `touch ${world.netns} && unshare --net=${world.netns} true`,
    `ip link add uplink mtu ${world.mtu} type veth peer name eth0 mtu ${world.mtu} netns ${world.netns}`,
    `ip address add ${world.nodeIp}/24 dev uplink label uplink:1 && ip address add ${world.nodeIp6}/64 dev uplink nodad`,
    'ip link set uplink up',
    `nsenter --net=${world.netns} sh -c 'ip link set lo up; ip address add ${world.ip}/24 dev eth0; ip address add ${world.ip6}/64 dev eth0 nodad; ip link set eth0 up'`,
    carrier,
    `ip route add default via ${world.ip} && ip route add default via ${world.ip6}`,
  ];
  await node.run(['sh', '-c', commands.join(' && ')]);
};

export interface Place {
  readonly ip: string;
  readonly gateway: string;
  readonly ip6: string;
  readonly gateway6: string;
}

/** The n-th place behind a router has its own link to it. */
export const placeBehindRouter = (n: number): Place => ({
  ip: `172.31.${n}.2`,
  gateway: `172.31.${n}.1`,
  ip6: `fd31:${n}::2`,
  gateway6: `fd31:${n}::1`,
});

/** Another test node passes on what the nodes send each other: they have no common link. */
export const connectByRouter = async (router: TestNode, nodes: readonly TestNode[]): Promise<void> => {
  const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding';
  await router.run(['sh', '-c', forward]);
  for (const [index, node] of nodes.entries()) {
    const {ip, gateway, ip6, gateway6} = placeBehindRouter(index + 1);
    const link = `to-${index + 1}`;
    const atRouter = [
      `ip link add ${link} mtu ${world.mtu} type veth peer name uplink mtu ${world.mtu} netns ${node.pid}`,
      `ip address add ${gateway}/24 dev ${link} && ip address add ${gateway6}/64 dev ${link} nodad`,
      `ip link set ${link} up`,
    ];
    const atNode = [
      `ip address add ${ip}/24 dev uplink && ip address add ${ip6}/64 dev uplink nodad`,
      'ip link set uplink up',
      carrier,
      `ip route add default via ${gateway} && ip route add default via ${gateway6}`,
    ];
    await router.run(['sh', '-c', atRouter.join(' && ')]);
    await node.run(['sh', '-c', atNode.join(' && ')]);
  }
};
