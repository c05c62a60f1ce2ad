import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {sandboxesOfPod, sandboxInfo} from '../../src/tools/ctr.ts';
import {nodeLinks, podAddresses, podRoutes, podRoutes6} from '../../src/tools/ip.ts';
import {askPod} from '../../src/tools/kni-runtime.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {api, journal, netns, onWorker, pod, record, routes, worker} from '../rig/inspected-pod.ts';

const eth0 = {
  ifindex: 2,
  link_index: 7,
  ifname: 'eth0',
  mtu: 1500,
  operstate: 'UP',
  address: 'aa:aa:aa:aa:aa:aa',
  addr_info: [{local: '10.244.1.5', prefixlen: 24, scope: 'global'}],
};

const links = [
  {ifindex: 3, ifname: 'kni0', mtu: 1500},
  {ifindex: 7, link_index: 2, ifname: 'veth1', mtu: 1500, master: 'kni0'},
];

const kernel = (inPod: object = eth0): string =>
  onWorker(podAddresses(netns), JSON.stringify([inPod])) +
  onWorker(podRoutes(netns), JSON.stringify(routes)) +
  onWorker(podRoutes6(netns), '2> RTNETLINK answers: Operation not supported', '[exit code 2]') +
  onWorker(nodeLinks, JSON.stringify(links));

const line = (time: string, msg: string, rest: object = {}): string =>
  JSON.stringify({level: 'info', msg, time: `2026-11-25T12:01:${time}Z`, uid: 'uid-1', ...rest});

const lines = [
  line('02.123', 'CreateNetwork ok', {ms: 6.4, netns, correlation: 'uid-1-key'}),
  line('02.431', 'AttachInterface ok', {ms: 48, sandbox: 'sandbox-1', correlation: 'uid-1-key'}),
];

const all = journal('uid-1-key|sandbox-1|uid-1', ...lines);

describe('pod inspect', () => {
  it('shows the record, the kernel state, and the timeline', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(api(pod()) + onWorker(askPod('default/a'), record()) + kernel() + all);
    expect(await cli(dir, ['pod', 'inspect', 'a'], {host})).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `pod          default/a
node         test1-worker
API server   10.244.1.5, Running, Ready
sandbox      sandbox-1
correlation  uid-1-key
netns        /run/netns/kni-1
state        attached

eth0
  network      kni
  MAC          aa:aa:aa:aa:aa:aa
  MTU          1500
  link         up
  address      10.244.1.5/24, gateway 10.244.1.1
  on the node  veth1 on kni0

routes
  default        via 10.244.1.1  dev eth0
  10.244.1.0/24                  dev eth0

DNS
  servers  10.96.0.10
  search   default.svc.cluster.local svc.cluster.local

timeline of the sandbox (2026-11-25, UTC)
  12:01:02.123  +0 ms    CreateNetwork ok    6 ms
  12:01:02.431  +308 ms  AttachInterface ok  48 ms
`,
    });
  });

  it('marks differences between record, kernel and API server', async () => {
    await using dir = await dirWithCluster();
    const bare = kernel({...eth0, addr_info: []});
    const moved = pod({}, {podIPs: [{ip: '10.244.1.9'}]});
    using host = fakeHost(api(moved) + onWorker(askPod('default/a'), record()) + bare + all);
    const {code, stdout} = await cli(dir, ['pod', 'inspect', 'default/a'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain('\n  ! the API server reports 10.244.1.9, which is not recorded\n');
    expect(stdout).toContain('\n  ! recorded, but not in the kernel: 10.244.1.5/24\n');
  });

  it('still shows the record if the netns is gone', async () => {
    await using dir = await dirWithCluster();
    const gone = [podAddresses(netns), podRoutes(netns), podRoutes6(netns)]
      .map((command) => onWorker(command, `2> nsenter: cannot open ${netns}`, '[exit code 1]'))
      .join('');
    using host = fakeHost(
      api(pod()) +
        onWorker(askPod('default/a'), record()) +
        gone +
        onWorker(nodeLinks, JSON.stringify(links)) +
        all,
    );
    const {code, stdout} = await cli(dir, ['pod', 'inspect', 'a'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain(`\n  ! cannot read the kernel's view: nsenter: cannot open ${netns}\n`);
    expect(stdout).toContain('address      10.244.1.5/24, gateway 10.244.1.1');
    expect(stdout).toContain('routes\n  default\n');
  });

  it.each([
    ['all is well', {}, 0, 'CNI CHECK\n  no problems found\n'],
    [
      'a plugin found something',
      {problems: ['kni: bridge: eth0 has no address']},
      exitCodes.failed,
      'CNI CHECK\n  ! kni: bridge: eth0 has no address\n',
    ],
    [
      'a plugin has a known bug',
      {knownBugs: [{problem: 'no IPv6 chain', explanation: 'it looks for one', reference: 'https://bugs/1'}]},
      0,
      'CNI CHECK\n  no problems found\n  known plugin bug: no IPv6 chain\n    it looks for one\n    https://bugs/1\n',
    ],
    [
      'a plugin found something, and another one has a known bug',
      {problems: ['eth0 has no address'], knownBugs: [{problem: 'no IPv6 chain'}]},
      exitCodes.failed,
      'CNI CHECK\n  ! eth0 has no address\n  known plugin bug: no IPv6 chain\n',
    ],
    [
      'the network has no CHECK',
      {unchecked: [{interface: 'eth0', network: 'cbr0', reason: 'CNI 0.3.1 has no CHECK'}]},
      0,
      'CNI CHECK\n  eth0 not checked: network cbr0: CNI 0.3.1 has no CHECK\n',
    ],
  ])('shows the verdict of CHECK: %s', async (_, found, code, text) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      api(pod()) + onWorker(askPod('default/a', {check: true}), record(found)) + kernel() + all,
    );
    const ended = await cli(dir, ['pod', 'inspect', 'a', '--check'], {host});
    expect(ended).toMatchObject({code, stderr: '', stdout: expect.stringContaining(text)});
  });

  it('reports that CHECK was not run, and fails', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      api(pod()) +
        onWorker(
          askPod('default/a', {check: true}),
          '2> kni-runtime: UNIMPLEMENTED: CNI CHECK is not offered',
          '[exit code 1]',
        ) +
        onWorker(askPod('default/a'), record()) +
        kernel() +
        all,
    );
    const {code, stdout} = await cli(dir, ['pod', 'inspect', 'a', '--check'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toContain('  CNI CHECK was not run: CNI CHECK is not offered\n');
    expect(stdout).toContain('correlation  uid-1-key');
  });

  it('prints one JSON object with --json', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(api(pod()) + onWorker(askPod('default/a'), record()) + kernel() + all);
    const {stdout} = await cli(dir, ['pod', 'inspect', 'a', '--json'], {host});
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({
      pod: {namespace: 'default', name: 'a', node: worker.name},
      record: {network: {sandbox: 'sandbox-1'}, lacks: []},
      kernel: {interfaces: [{name: 'eth0', nodeSide: {name: 'veth1'}}]},
      differences: [],
      timeline: [{what: 'CreateNetwork ok'}, {what: 'AttachInterface ok', offset: 308}],
    });
  });

  const received =
    'ipconfigs received for id: sandbox-1 ip: map[eth0:ip:"10.244.1.5" mac:"aa:aa:aa:aa:aa:aa"]';
  const joined = JSON.stringify({Spec: {linux: {namespaces: [{type: 'network', path: netns}]}}});

  it.each([
    [
      'another runtime',
      ['2> kni-runtime: UNIMPLEMENTED: no such service', '[exit code 1]'],
      'no such service',
    ],
    [
      'no kni-runtime on the node',
      [
        '2> OCI runtime exec failed: exec: "kni-runtime": executable file not found in $PATH',
        '[exit code 126]',
      ],
      'it has no kni-runtime command',
    ],
  ])('does without the record: %s', async (_, refused, why) => {
    await using dir = await dirWithCluster();
    const foreign = [
      line('02.123', 'CreateNetwork ok', {netns}),
      line('02.431', received, {sandbox: 'sandbox-1'}),
      line('03.000', 'QueryPodNetwork ok', {sandbox: 'sandbox-1'}),
    ];
    using host = fakeHost(
      api(pod()) +
        onWorker(askPod('default/a'), ...refused) +
        journal('uid-1', ...foreign) +
        onWorker(sandboxesOfPod('uid-1'), 'sandbox-0', 'sandbox-1') +
        onWorker(sandboxInfo('sandbox-1'), joined) +
        kernel() +
        journal('sandbox-1|uid-1', ...foreign),
    );
    const {code, stdout} = await cli(dir, ['pod', 'inspect', 'a'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain(`  cannot ask the network runtime for its record: ${why}\n`);
    expect(stdout).toContain(
      '  shown instead: facts from the API server, containerd, the kernel and the journal\n',
    );
    expect(stdout).toContain('address      10.244.1.5/24\n');
    expect(stdout).toContain('on the node  veth1 on kni0\n');
    expect(stdout).toMatch(/CreateNetwork ok\n.* \+877 ms {2}QueryPodNetwork ok\n$/);
    expect(stdout).not.toContain('!');
  });
});
