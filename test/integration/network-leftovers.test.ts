/** Removes the leftovers of a former network and nothing else: on a test node with real links, routes, chains and files. */
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {removeLeftovers} from '../../src/stages/lib/network-on-node.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';

const network = {
  name: 'agent',
  cniName: 'agent0',
  manifest: '…',
  neededFiles: [],
  leftovers: {
    links: ['agent.1', 'agent0'],
    paths: ['/run/agent'],
    state: ['/run/leases/empty', '/run/leases/held'],
    chains: ['AGENT-', 'CNI-FORWARD', 'CNI-ISOLATION-'],
  },
  isKnown: true,
};

let node: TestNode;
const shell = async (script: string): Promise<string> => (await node.run(['sh', '-ec', script])).trim();
const clean = async (): Promise<string> => {
  const [file, args] = removeLeftovers(network, ['10.77.0.0/16', 'fd00:77::/56', '10.77.3.0/24']);
  return (await node.run([file, ...args])).trim();
};

beforeAll(async () => {
  node = await startNode();
  await shell(`
    ip link add agent0 type bridge && ip link set agent0 up
    ip link add agent.1 type bridge && ip addr add 10.77.3.0/32 dev agent.1 && ip link set agent.1 up
    ip link add kept0 type bridge && ip addr add 10.77.9.1/24 dev kept0 && ip link set kept0 up
    ip link add up0 type bridge && ip addr add 172.30.9.2/24 dev up0 && ip link set up0 up
    ip route add 10.77.1.0/24 dev agent0
    ip route add 10.77.2.0/24 via 172.30.9.1
    ip route add 10.77.4.0/24 via 172.30.9.1 proto 107
    ip route add 10.99.0.0/16 via 172.30.9.1
    ip route add blackhole 10.77.5.0/24 proto 80
    ip route add 10.77.6.0/24 proto 80 nexthop via 172.30.9.1 nexthop via 172.30.9.3
    for link in kept0 up0; do echo 0 >/proc/sys/net/ipv6/conf/$link/accept_dad; done
    ip addr add fd00:77:0:9::1/64 dev kept0 && ip addr add fd00:30::2/64 dev up0
    ip addr add fd00:77:0:3::/128 dev agent.1
    ip -6 route add fd00:77:0:1::/64 dev agent0
    ip -6 route add fd00:77:0:2::/64 via fd00:30::1 dev up0
    ip -6 route add fd00:77:0:4::/64 via fd00:30::1 proto 107
    ip -6 route add fd00:77:0:4::/64 via fd00:30::3 metric 2048
    ip -6 route add fd00:99::/64 via fd00:30::1
    ip -6 route add blackhole fd00:77:0:5::/64 proto 80
    ip -6 route add fd00:77:0:6::/64 nexthop via fd00:30::1 nexthop via fd00:30::3
    ip route add 10.77.9.0/24 via 172.30.9.1 metric 50
    ip6tables -t nat -N AGENT-POST
    ip6tables -t nat -A POSTROUTING -m comment --comment "agent masq" -j AGENT-POST
    ip6tables -t nat -A AGENT-POST -s fd00:77::/56 ! -d ff00::/8 -j MASQUERADE
    ip6tables -N AGENT-FWD
    ip6tables -A FORWARD -j AGENT-FWD
    for tool in iptables ip6tables; do
      $tool -N CNI-ADMIN && $tool -A CNI-ADMIN -p tcp --dport 9 -j DROP
      $tool -N CNI-FORWARD && $tool -A CNI-FORWARD -j CNI-ADMIN && $tool -A FORWARD -j CNI-FORWARD
      $tool -N CNI-ISOLATION-STAGE-1 && $tool -N CNI-ISOLATION-STAGE-2 && $tool -I FORWARD -j CNI-ISOLATION-STAGE-1
      $tool -A CNI-ISOLATION-STAGE-1 -i agent0 ! -o agent0 -j CNI-ISOLATION-STAGE-2
      $tool -A CNI-ISOLATION-STAGE-2 -o agent0 -j DROP
    done
    ip6tables -N OTHER
    ip6tables -A FORWARD -s fd00:77::/56 -j OTHER
    iptables -t nat -N AGENT-POST
    iptables -t nat -N AGENT-INNER
    iptables -t nat -A POSTROUTING -m comment --comment "agent: a \\"rule\\" of it's own" -j AGENT-POST
    iptables -t nat -A AGENT-POST -s 10.77.0.0/16 -j MASQUERADE
    iptables -t nat -A AGENT-POST -j AGENT-INNER
    iptables -N AGENT-FWD
    iptables -A FORWARD -j AGENT-FWD
    iptables -N OTHER
    iptables -A FORWARD -j OTHER
    iptables -A OTHER -m comment --comment "not -j AGENT-FWD" -j ACCEPT
    mkdir -p /run/agent /run/leases/empty /run/leases/held
    touch /run/agent/env /run/leases/empty/lock /run/leases/empty/last_reserved_ip.0 /run/leases/held/10.77.3.9`);
});
afterAll(() => node[Symbol.asyncDispose]());

describe('removeLeftovers', () => {
  it('removes links, routes, chains and files of the network, and keeps those of others', async () => {
    expect(await clean()).toBe('/run/leases/held keeps 1 files of failed cleanups');
    expect(await shell("ip -o link | grep -oE 'agent[.0-9]*|kept0' | sort -u")).toBe('kept0');
    const routes = await shell('ip route');
    expect(routes).not.toMatch(/10\.77\.[1256]\.0/);
    for (const kept of ['10.77.4.0/24 via', '10.77.9.0/24 dev kept0', '10.99.0.0/16 via'])
      expect(routes).toContain(kept);
    expect(routes).not.toContain('metric 50');
    const rules = await shell('iptables-save');
    const kept = '-A OTHER -m comment --comment "not -j AGENT-FWD" -j ACCEPT';
    expect(rules).toContain(kept);
    expect(rules.replace(kept, '')).not.toMatch(/AGENT-|CNI-FORWARD|CNI-ISOLATION/);
    expect(rules).toContain('-A CNI-ADMIN');
    expect(rules).toContain('-A FORWARD -j OTHER');
    expect(await shell('ls -d /run/agent /run/leases/* 2>/dev/null || true')).toBe('/run/leases/held');
  });

  it('does the same for IPv6', async () => {
    const routes = await shell('ip -6 route');
    expect(routes).not.toMatch(/fd00:77:0:[1256]::|metric 2048/);
    for (const kept of ['fd00:77:0:4::/64 via fd00:30::1', 'fd00:77:0:9::/64 dev kept0', 'fd00:99::/64 via'])
      expect(routes).toContain(kept);
    const rules = await shell('ip6tables-save');
    expect(rules).not.toMatch(/AGENT-|CNI-FORWARD|CNI-ISOLATION/);
    expect(rules).toContain('-A CNI-ADMIN');
    expect(rules).toContain('-A FORWARD -s fd00:77::/56 -j OTHER');
  });

  it('can be repeated', async () => {
    expect(await clean()).toBe('/run/leases/held keeps 1 files of failed cleanups');
  });
});
