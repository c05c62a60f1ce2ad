import {describe, expect, it} from 'vitest';
import {parseApiState} from '../../src/cluster/api-state.ts';
import {listNodeState, parseNodeState} from '../../src/cluster/node-state.ts';
import {snapshotOf} from '../../src/dashboard/snapshot.ts';
import {localHost} from '../../src/host/process.ts';
import {node} from '../rig/demo.ts';

const part = (name: string, output: unknown, exit = 0): string =>
  `== ${name}\n${typeof output === 'string' ? output : JSON.stringify(output)}\n== exit ${exit}\n`;

const uid = 'c1ea2edd-53b6-4ee2-9e1b-4366eb364b1b';
const netns = `kni-${uid}-fd491003`;

const links = [
  {ifindex: 1, ifname: 'lo', mtu: 65_536, operstate: 'UNKNOWN', addr_info: []},
  // The node is a container: its own interface is a veth into a netns without a name.
  {
    ifindex: 2,
    link_index: 7,
    link_netnsid: 0,
    ifname: 'eth0',
    mtu: 1500,
    operstate: 'UP',
    linkinfo: {info_kind: 'veth'},
  },
  {
    ifindex: 3,
    ifname: 'kni0',
    mtu: 1500,
    operstate: 'UP',
    linkinfo: {info_kind: 'bridge', info_data: {id: 'x'}},
    addr_info: [{local: '10.244.1.1', prefixlen: 24, scope: 'global'}],
  },
  {
    ifindex: 4,
    link_index: 2,
    link_netnsid: 3,
    ifname: 'veth1',
    mtu: 1500,
    operstate: 'UP',
    master: 'kni0',
    linkinfo: {info_kind: 'veth', info_slave_kind: 'bridge'},
  },
  {
    ifindex: 5,
    ifname: 'kni.vxlan',
    mtu: 1450,
    operstate: 'UNKNOWN',
    linkinfo: {info_kind: 'vxlan', info_data: {id: 107, local: '172.18.0.3'}},
  },
];

const records = {
  networks: [
    {
      namespace: 'default',
      name: 'web',
      uid,
      sandbox: 'abc',
      netns: `/run/netns/${netns}`,
      state: 'attached',
      annotations: {secret: 'SECRET-record'},
      interfaces: [{name: 'eth0', mac: 'aa:bb', network: 'kni', addresses: [{cidr: '10.244.1.5/24'}]}],
    },
  ],
};

const printed = [
  part('links', links),
  part('netns', [{nsid: 0}, {nsid: 3, name: netns}]),
  part('routes', [
    {dst: 'default', gateway: '172.18.0.1', dev: 'eth0'},
    {dst: '10.244.0.0/24', gateway: '172.18.0.2', dev: 'eth0'},
    {dst: '10.244.1.0/24', dev: 'kni0'},
  ]),
  part('routes6', 'RTNETLINK answers: Operation not supported', 2),
  part('networks', {
    networks: [
      {
        name: 'kni',
        ready: true,
        extradata: {addresses_used: '3', addresses_capacity: '253', unfinished_cleanups: '2'},
      },
      {
        name: 'storage',
        ready: false,
        extradata: {reason: 'AddressPoolExhausted', message: 'no address left'},
      },
    ],
  }),
  part('pods', records),
  part('programs', {runtime: '0123456789abcdef'}),
].join('');

const silent = printed
  .replace(/== networks[^]*?exit 0/, '== networks\nkni-runtime: UNAVAILABLE: connect ENOENT\n== exit 1')
  .replace(/== pods[^]*?exit 0/, '== pods\nkni-runtime: UNAVAILABLE: connect ENOENT\n== exit 1');

const apiNode = (name: string, address: string, podCIDR: string, ready: boolean) => ({
  kind: 'Node',
  metadata: {name, annotations: {secret: 'SECRET-node'}},
  spec: {podCIDR, podCIDRs: [podCIDR]},
  status: {
    addresses: [
      {type: 'InternalIP', address},
      {type: 'Hostname', address: name},
    ],
    nodeInfo: {kubeletVersion: 'v1.20.2', containerRuntimeVersion: 'containerd://1.6.20'},
    conditions: [
      {
        type: 'Ready',
        status: ready ? 'True' : 'False',
        message: 'why not',
        lastTransitionTime: '2026-11-28T12:00:00Z',
      },
    ],
  },
});

const api = (ready = true) =>
  parseApiState(
    JSON.stringify({
      items: [
        apiNode('test1-control-plane', '172.18.0.2', '10.244.0.0/24', true),
        apiNode('test1-worker', '172.18.0.3', '10.244.1.0/24', ready),
        {
          kind: 'Pod',
          metadata: {
            name: 'web',
            namespace: 'default',
            uid,
            annotations: {token: 'SECRET-pod'},
            deletionTimestamp: '2026-11-28T12:01:00Z',
          },
          spec: {
            nodeName: 'test1-worker',
            containers: [
              {
                name: 'a',
                env: [{name: 'PASSWORD', value: 'SECRET-env'}],
                args: ['SECRET-arg'],
                ports: [{containerPort: 80, hostPort: 8080, protocol: 'TCP'}, {containerPort: 81}],
              },
            ],
          },
          status: {
            phase: 'Running',
            podIPs: [{ip: '10.244.1.5'}],
            conditions: [{type: 'Ready', status: 'True'}],
          },
        },
        {
          kind: 'Pod',
          metadata: {name: 'proxy', namespace: 'kube-system', uid: 'u2'},
          spec: {
            nodeName: 'test1-worker',
            hostNetwork: true,
            containers: [{ports: [{containerPort: 80, hostPort: 80}]}],
          },
          status: {phase: 'Running'},
        },
      ],
    }),
  );

const containers = [node('test1-control-plane'), node('test1-worker')];
const snapshot = (text = printed, ready = true) =>
  snapshotOf({containers, api: api(ready), states: new Map([['test1-worker', parseNodeState(text)]])});

describe('a snapshot', () => {
  it('joins a node from all sources', () => {
    expect(JSON.parse(JSON.stringify(snapshot().nodes[1]))).toEqual({
      name: 'test1-worker',
      role: 'worker',
      running: true,
      ready: true,
      since: '2026-11-28T12:00:00Z',
      kubelet: 'v1.20.2',
      containerRuntime: 'containerd://1.6.20',
      runtime: '0123456789abcdef',
      addresses: ['172.18.0.3'],
      podCIDRs: ['10.244.1.0/24'],
      networks: [
        {name: 'kni', ready: true, capacity: 253, used: 3},
        {name: 'storage', ready: false, reason: 'AddressPoolExhausted: no address left'},
      ],
      pendingCleanups: 2,
      links: [
        {kind: 'bridge', name: 'kni0', up: true, addresses: ['10.244.1.1/24']},
        {kind: 'veth', name: 'veth1', up: true, addresses: [], bridge: 'kni0', pod: 'default/web', netns},
      ],
      routes: [{to: '10.244.0.0/24', via: '172.18.0.2', dev: 'eth0', node: 'test1-control-plane'}],
      tunnels: [{name: 'kni.vxlan', vni: 107, local: '172.18.0.3'}],
    });
  });

  it('joins a pod, and gives host ports only to pods with a network of their own', () => {
    const [web, proxy] = JSON.parse(JSON.stringify(snapshot().pods));
    expect(web).toEqual({
      namespace: 'default',
      name: 'web',
      uid,
      node: 'test1-worker',
      phase: 'Running',
      ready: true,
      deleting: true,
      hostNetwork: false,
      ips: ['10.244.1.5'],
      interfaces: [{name: 'eth0', network: 'kni', mac: 'aa:bb', addresses: ['10.244.1.5/24']}],
      hostPorts: [{protocol: 'TCP', hostPort: 8080, containerPort: 80}],
      sandbox: 'abc',
      state: 'attached',
    });
    expect(proxy).toMatchObject({hostNetwork: true, hostPorts: [], interfaces: []});
  });

  it('says why a network runtime is silent, and still knows the pods of the veths', () => {
    const [, worker] = snapshot(silent, false).nodes;
    expect(worker).toMatchObject({
      ready: false,
      reason: 'why not',
      silent: 'the network runtime does not answer: connect ENOENT',
      networks: [],
    });
    expect(worker?.links[1]).toMatchObject({name: 'veth1', pod: 'default/web'});
  });

  it('shows a stopped node without facts, and a cluster whose API server is silent', () => {
    const stopped = containers.map((each) => ({...each, running: false}));
    const states = new Map([['test1-worker', parseNodeState(printed)]]);
    expect(snapshotOf({containers: stopped, api: api(), states}).nodes[1]).toMatchObject({
      running: false,
      links: [],
      networks: [],
      routes: [],
    });
    const {nodes, pods} = snapshotOf({containers, api: undefined, states});
    expect(nodes[1]?.ready).toBeUndefined();
    expect(nodes[1]?.links).toHaveLength(2);
    expect(pods).toEqual([]);
  });

  it('has no annotation, environment or argument of a pod', () => {
    expect(JSON.stringify(snapshot())).not.toContain('SECRET');
  });
});

describe('the command that reads a node', () => {
  it('prints every part, also those of programs that fail or are missing', async () => {
    const env = {PATH: '/usr/sbin:/usr/bin:/sbin:/bin'};
    const [file, args] = listNodeState('/nonexistent/programs.json');
    const {stdout} = await localHost().run([file, args], {env});
    const state = parseNodeState(stdout);
    expect(state.links.map(({name}) => name)).toContain('lo');
    expect(state).toMatchObject({networks: [], records: [], programs: ''});
    expect(state.silent).toContain('it has no kni-runtime command');
  });
});
