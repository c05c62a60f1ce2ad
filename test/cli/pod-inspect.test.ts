import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import type {Command} from '../../src/host/host.ts';
import {sandboxesOfPod, sandboxInfo} from '../../src/tools/ctr.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {nodeLinks, podAddresses, podRoutes, podRoutes6} from '../../src/tools/ip.ts';
import {runtimeJournal} from '../../src/tools/journalctl.ts';
import {askPod} from '../../src/tools/kni-runtime.ts';
import {getJson, kubectl} from '../../src/tools/kubectl.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';

const [control, worker] = [node('test1-control-plane'), node('test1-worker')];
const inNode = (name: string, [file, args]: Command): Command => ['docker', ['exec', name, file, ...args]];
const onWorker = (command: Command, ...output: readonly string[]): string =>
  exchange(inNode(worker.name, command), ...output);
const ps = (...nodes: (typeof control)[]): string =>
  exchange(listNodeContainers('test1'), ...printed(...nodes));
const api = (...output: readonly string[]): string =>
  ps(control, worker) +
  exchange(inNode(control.name, getJson('-n', 'default', 'pods', '--ignore-not-found', 'a')), ...output);

const pod = (spec: object = {}, status: object = {}): string =>
  JSON.stringify({
    metadata: {uid: 'uid-1'},
    spec: {nodeName: worker.name, ...spec},
    status: {
      phase: 'Running',
      podIP: '10.244.1.5',
      podIPs: [{ip: '10.244.1.5'}],
      conditions: [{type: 'Ready', status: 'True'}],
      ...status,
    },
  });
const netns = '/run/netns/kni-1';
const record = (rest: object = {}): string =>
  JSON.stringify({
    network: {
      correlation: 'uid-1-key',
      uid: 'uid-1',
      sandbox: 'sandbox-1',
      netns,
      state: 'attached',
      interfaces: [
        {
          name: 'eth0',
          network: 'kni',
          mac: 'aa:aa:aa:aa:aa:aa',
          addresses: [{cidr: '10.244.1.5/24', gateway: '10.244.1.1'}],
        },
      ],
    },
    attachments: [
      {
        network: 'kni',
        interface: 'eth0',
        hostInterfaces: ['kni0', 'veth1'],
        routes: [{to: '0.0.0.0/0'}],
        dns: {servers: ['10.96.0.10'], searches: ['default.svc.cluster.local', 'svc.cluster.local']},
      },
    ],
    ...rest,
  });

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
const routes = [
  {dst: 'default', gateway: '10.244.1.1', dev: 'eth0'},
  {dst: '10.244.1.0/24', dev: 'eth0'},
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
const journal = (grep: string, ...output: readonly string[]): string =>
  onWorker(runtimeJournal({pattern: grep}), ...output);
const all = journal('uid-1-key|sandbox-1|uid-1', ...lines);

describe('pod inspect', () => {
  it('shows what is on record, in the kernel, and how it came about', async () => {
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

  it('marks what differs', async () => {
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
  ])('shows the verdict of CHECK: %s', async (_, found, code, text) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      api(pod()) + onWorker(askPod('default/a', {check: true}), record(found)) + kernel() + all,
    );
    const ended = await cli(dir, ['pod', 'inspect', 'a', '--check'], {host});
    expect(ended).toMatchObject({code, stderr: '', stdout: expect.stringContaining(text)});
  });

  it('says that CHECK was not run, and counts it as failed', async () => {
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

  it('gives programs one object', async () => {
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
      '  the facts shown are from the API server, containerd, the kernel and the journal\n',
    );
    expect(stdout).toContain('address      10.244.1.5/24\n');
    expect(stdout).toContain('on the node  veth1 on kni0\n');
    expect(stdout).toMatch(/CreateNetwork ok\n.* \+877 ms {2}QueryPodNetwork ok\n$/);
    expect(stdout).not.toContain('!');
  });
});

describe('pod inspect refuses', () => {
  const refused = async (transcript: string, name = 'a') => {
    await using dir = await dirWithCluster();
    using host = fakeHost(transcript);
    const {code, stdout, stderr} = await cli(dir, ['pod', 'inspect', name], {host});
    expect(stdout).toBe('');
    return {code, stderr};
  };

  it('an unknown pod, and names those that exist', async () => {
    const names = kubectl('get', '-n', 'default', 'pods', '-o', 'jsonpath={.items[*].metadata.name}');
    expect(await refused(api('') + exchange(inNode(control.name, names), 'b c'))).toEqual({
      code: exitCodes.badInput,
      stderr:
        'error: pod default/a does not exist: namespace default has b, c\n' +
        'try:   choose another name; write NAMESPACE/NAME for a pod outside the default namespace\n',
    });
  });

  it('a pod that is not scheduled, with the reason', async () => {
    const conditions = [{type: 'PodScheduled', status: 'False', message: '0/2 nodes are available'}];
    expect(await refused(api(pod({nodeName: undefined}, {conditions})))).toEqual({
      code: exitCodes.failed,
      stderr:
        'error: pod default/a is not scheduled to a node yet: 0/2 nodes are available\n' +
        'try:   inspect it again when it is scheduled\n',
    });
  });

  it("a pod on its node's network", async () => {
    expect(await refused(api(pod({hostNetwork: true})))).toEqual({
      code: exitCodes.badInput,
      stderr:
        'error: pod default/a does not have its own network: it uses the network of its node test1-worker (hostNetwork), so KNI does nothing for it\n' +
        'try:   inspect another pod\n',
    });
  });

  it('a pod on a node that is stopped', async () => {
    const stopped = {...worker, running: false};
    const {code, stderr} = await refused(api(pod()).replace(ps(control, worker), ps(control, stopped)));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toContain('stopped: test1-worker\ntry:   start it: kni-demo up\n');
  });

  it('to ask a control plane that is stopped', async () => {
    const {code, stderr} = await refused(ps({...control, running: false}, worker));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toContain('stopped: test1-control-plane\n');
  });

  it.each([
    [
      'a runtime that is down',
      'UNAVAILABLE: no server is listening on /run/kni/kni.sock',
      'error: cannot inspect pod default/a on test1-worker: the network runtime does not answer: no server is listening on /run/kni/kni.sock\n' +
        'try:   docker exec test1-worker systemctl status kni\n',
    ],
    [
      'a pod that the runtime does not know',
      'NOT_FOUND: unknown pod',
      'error: the network runtime of test1-worker has no record of pod default/a (Running, Ready): unknown pod\n' +
        'try:   see what it did: kni-demo logs --node test1-worker --pod default/a\n',
    ],
    [
      'an answer that is an error',
      'INTERNAL: the store is broken',
      'error: cannot inspect pod default/a on test1-worker: the network runtime answers INTERNAL: the store is broken\n' +
        'try:   kni-demo logs --node test1-worker\n',
    ],
  ])('%s', async (_, said, stderr) => {
    const asked = onWorker(askPod('default/a'), `2> kni-runtime: ${said}`, '[exit code 1]');
    expect(await refused(api(pod()) + asked)).toEqual({code: exitCodes.failed, stderr});
  });

  it('the record of an earlier pod of the same name', async () => {
    const earlier = onWorker(askPod('default/a'), record({network: {uid: 'uid-0'}}));
    const {code, stderr} = await refused(api(pod()) + earlier);
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain('(Running, Ready): its record is of an earlier pod with the same name\n');
  });

  it('a pod that has no sandbox, if the runtime cannot be asked', async () => {
    const transcript =
      api(pod({}, {phase: 'Pending', conditions: []})) +
      onWorker(askPod('default/a'), '2> kni-runtime: UNIMPLEMENTED: no', '[exit code 1]') +
      journal('uid-1', '2> -- No entries --', '[exit code 1]') +
      onWorker(sandboxesOfPod('uid-1'));
    const {code, stderr} = await refused(transcript);
    expect(code).toBe(exitCodes.failed);
    expect(stderr).toContain(
      'error: pod default/a has no network (Pending, not Ready): containerd has no sandbox for it on test1-worker\n',
    );
  });
});
