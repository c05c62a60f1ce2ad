/** Evidence of a pod that was proved: a log, a pod and its eth0 that agree. */
import type {Pod} from '../../src/cluster/pod.ts';
import type {Evidence} from '../../src/cluster/proof.ts';
import type {LogLine} from '../../src/cluster/runtime-log.ts';

export const sandbox = 'b3d2c1'.repeat(10);
export const netns = '/run/netns/kni-uid-1-a1b2c3d4';
export const ip = '10.244.1.5';

export const log = (rpc: string, rest: Partial<LogLine> = {}): LogLine => ({
  level: 'info',
  msg: `${rpc} ok`,
  time: '2026-11-24T02:00:00.000Z',
  rpc,
  pod: 'default/samplepod',
  uid: 'uid-1',
  netns,
  ...(rpc !== 'CreateNetwork' && {sandbox}),
  ...rest,
});
export const received = (address: string, id = sandbox): LogLine =>
  log('QueryPodNetwork', {
    sandbox: id,
    msg: `ipconfigs received for id: ${id} ip: map[eth0:ip:"${address}" mac:"aa:bb:cc:dd:ee:ff"]`,
  });

export const made = log('CreateNetwork');
export const attached = log('AttachInterface');
export const queried = log('QueryPodNetwork');
export const lines = [made, attached, queried, received(ip)];

export const pod: Pod = {
  namespace: 'default',
  name: 'samplepod',
  uid: 'uid-1',
  ready: true,
  node: 'test1-worker',
  ips: [ip],
  phase: 'Running',
  hostNetwork: false,
  why: 'phase Running',
  startedAt: undefined,
  stuck: false,
  crashing: false,
};
export const ipAddr = [
  '3: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue',
  '    link/ether aa:bb:cc:dd:ee:ff brd ff:ff:ff:ff:ff:ff',
  `    inet ${ip}/24 brd 10.244.1.255 scope global eth0`,
  '    inet6 fe80::a8bb:ccff:fedd:eeff/64 scope link',
].join('\n');
export const evidence: Evidence = {pod, sandbox, netns, lines, ipAddr};
