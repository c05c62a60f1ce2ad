import {describe, expect, it} from 'vitest';
import {clusterOf} from '../../src/cluster/cluster.ts';
import type {Pod} from '../../src/cluster/pod.ts';
import {
  type Evidence,
  gatherEvidence,
  judge,
  knownLine,
  proofLines,
  runtimeLine,
  workerOf,
} from '../../src/cluster/proof.ts';
import type {LogLine} from '../../src/cluster/runtime-log.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Command} from '../../src/host/host.ts';
import {sandboxesOfPod, sandboxInfo} from '../../src/tools/ctr.ts';
import {runtimeJournal} from '../../src/tools/journalctl.ts';
import {askSandbox} from '../../src/tools/kni-runtime.ts';
import {kubectl} from '../../src/tools/kubectl.ts';
import {exchange, node, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';

const sandbox = 'b3d2c1'.repeat(10);
const netns = '/run/netns/kni-uid-1-a1b2c3d4';
const ip = '10.244.1.5';

const log = (rpc: string, rest: Partial<LogLine> = {}): LogLine => ({
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
const received = (address: string, id = sandbox): LogLine =>
  log('QueryPodNetwork', {
    sandbox: id,
    msg: `ipconfigs received for id: ${id} ip: map[eth0:ip:"${address}" mac:"aa:bb:cc:dd:ee:ff"]`,
  });

const made = log('CreateNetwork');
const attached = log('AttachInterface');
const queried = log('QueryPodNetwork');
const lines = [made, attached, queried, received(ip)];

const pod: Pod = {
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
const ipAddr = [
  '3: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue',
  '    link/ether aa:bb:cc:dd:ee:ff brd ff:ff:ff:ff:ff:ff',
  `    inet ${ip}/24 brd 10.244.1.255 scope global eth0`,
  '    inet6 fe80::a8bb:ccff:fedd:eeff/64 scope link',
].join('\n');
const evidence: Evidence = {pod, sandbox, netns, lines, ipAddr};

const [logged, api, inPod, joined, order] = [
  "the runtime logged the address of the pod's sandbox",
  'the API server has the same address',
  "the pod's eth0 has the same address",
  'containerd joined the network namespace that the runtime made',
  'the kubelet called CreateNetwork, AttachInterface, QueryPodNetwork in this order',
];
const moved = (line: LogLine, path: string): LogLine =>
  line.netns === undefined ? line : {...line, netns: path};
const failing = (change: Partial<Evidence>): readonly string[] =>
  judge({...evidence, ...change})
    .filter(({holds}) => !holds)
    .map(({claim}) => claim);
const sawOf = (change: Partial<Evidence>, claim = ''): string | undefined =>
  judge({...evidence, ...change}).find((check) => check.claim === claim)?.saw;

describe('judge', () => {
  it('holds if all sources agree', () => {
    expect(judge(evidence)).toMatchObject([
      {claim: logged, holds: true, saw: `${ip} (sandbox b3d2c1b3d2c1…)`},
      {claim: api, holds: true, saw: ip},
      {claim: inPod, holds: true, saw: ip},
      {claim: joined, holds: true, saw: netns},
      {claim: order, holds: true, saw: 'CreateNetwork, AttachInterface, QueryPodNetwork'},
    ]);
  });

  it('is shown as five numbered lines that fit into 80 columns', () => {
    const long = '/run/netns/kni-452d33f0-bb9d-4f30-a370-0d3ad75dc5f7-b83455f8';
    const shown = proofLines(
      judge({...evidence, netns: long, lines: lines.map((line) => moved(line, long))}),
    );
    expect(shown).toEqual([
      `1. address in runtime's log    ${ip} (sandbox b3d2c1b3d2c1…)`,
      `2. address at API server       ${ip}`,
      `3. address on pod's eth0       ${ip}`,
      '4. netns joined by containerd  kni-452d33f0-bb9d-4f30-a370-0d3ad75dc5f7-b83455f8',
      '5. calls made by kubelet       CreateNetwork, AttachInterface, QueryPodNetwork',
    ]);
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(80);
  });

  // Each by itself, except that no address can be the one that was not logged.
  it.each<[string, Partial<Evidence>, readonly (string | undefined)[]]>([
    ['the line is missing', {lines: [made, attached, queried]}, [logged, api, inPod]],
    [
      'the line is of another sandbox',
      {lines: [made, attached, queried, received(ip, 'other')]},
      [logged, api, inPod],
    ],
    [
      'the line names another interface only',
      {lines: [made, attached, {...received(ip), msg: received(ip).msg.replace('eth0', 'net1')}]},
      [logged, api, inPod],
    ],
    ['the API server has another address', {pod: {...pod, ips: ['10.244.1.6']}}, [api]],
    ['the API server has none', {pod: {...pod, ips: []}}, [api]],
    ['the pod has another address', {ipAddr: ipAddr.replace(ip, '10.244.1.50')}, [inPod]],
    ['the pod has none', {ipAddr: ''}, [inPod]],
    ['the runtime logged another address', {lines: [made, attached, received('10.244.1.50')]}, [api, inPod]],
    ['CreateNetwork is missing', {lines: lines.slice(1)}, [joined, order]],
    ['CreateNetwork failed', {lines: [{...made, level: 'error'}, ...lines.slice(1)]}, [joined, order]],
    ['containerd joined another namespace', {netns: '/run/netns/cni-1'}, [joined, order]],
    ['containerd made its own', {netns: undefined}, [joined, order]],
    [
      'containerd made its own, and a line names no namespace',
      {netns: undefined, lines: [{...made, netns: undefined}, ...lines.slice(1)]},
      [joined, order],
    ],
    ['the query is missing', {lines: [made, attached, {...received(ip), rpc: undefined}]}, [order]],
    [
      'the query failed',
      {lines: [made, attached, {...queried, level: 'error'}, {...received(ip), rpc: 'other'}]},
      [order],
    ],
    ['the attachment is missing', {lines: [made, queried, received(ip)]}, [order]],
    ['the attachment failed', {lines: [made, {...attached, level: 'error'}, queried, received(ip)]}, [order]],
    [
      'the attachment was of another sandbox',
      {lines: [made, {...attached, sandbox: 'other'}, queried, received(ip)]},
      [order],
    ],
    ['attached before it was made', {lines: [attached, made, queried, received(ip)]}, [order]],
    ['queried before it was attached', {lines: [made, queried, attached, received(ip)]}, [order]],
    ['the sandbox is missing', {sandbox: '', netns: undefined}, [logged, api, inPod, joined, order]],
    ['the log is empty', {lines: []}, [logged, api, inPod, joined, order]],
  ])('fails where %s', (_, change, claims) => {
    expect(failing(change)).toEqual(claims);
  });

  describe('of a runtime that does not write the known line', () => {
    const answered = {kind: 'answered', ips: [ip]} as const;
    const [told, foreign] = [
      "the runtime, whose log has no known line, answers with the address of the pod's sandbox",
      'containerd joined a network namespace that it did not make',
    ];

    it('lets the answer of the runtime and the other sources decide, and says so', () => {
      const unlogged: Evidence = {...evidence, netns: '/run/netns/pod-1', lines: [], asked: answered};
      const checks = judge(unlogged);
      expect(checks.filter(({holds}) => !holds)).toEqual([]);
      expect(proofLines(checks)).toEqual([
        `1. address by QueryPodNetwork  ${ip} (its log has no known line)`,
        `2. address at API server       ${ip}`,
        `3. address on pod's eth0       ${ip}`,
        '4. netns joined by containerd  pod-1',
        '5. calls made by kubelet       not checked: the runtime does not log them',
      ]);
      expect(runtimeLine(unlogged)).toMatch(/does not log "ipconfigs received for id: …"/);
    });

    it.each<[string, Partial<Evidence>, readonly (string | undefined)[]]>([
      [
        'the runtime answers another address',
        {asked: {kind: 'answered', ips: ['10.244.1.50']}},
        [api, inPod],
      ],
      ['the runtime answers no address', {asked: {kind: 'answered', ips: []}}, [told, api, inPod]],
      ['the API server has another address', {pod: {...pod, ips: ['10.244.1.6']}}, [api]],
      ['the pod has another address', {ipAddr: ipAddr.replace(ip, '10.244.1.50')}, [inPod]],
      ['containerd made a namespace for CNI', {netns: '/var/run/netns/cni-7c1f'}, [foreign]],
      ['containerd made its own', {netns: undefined}, [foreign]],
      [
        'the runtime refuses to answer',
        {asked: {kind: 'refused', why: 'NOT_FOUND: unknown sandbox'}},
        [told, api, inPod, joined, order],
      ],
    ])('fails where %s', (_, change, claims) => {
      expect(failing({lines: [], asked: answered, ...change})).toEqual(claims);
    });

    it('still needs the calls in the log of a runtime that logs them', () => {
      expect(failing({lines: [made, attached, queried], asked: answered})).toEqual([]);
      expect(failing({lines: [made, queried], asked: answered})).toEqual([order]);
    });
  });

  it('accepts the second attempt after any first one', () => {
    const first = {netns: '/run/netns/kni-uid-1-first', sandbox: 'first'};
    const before = [
      {...made, netns: first.netns},
      {...attached, ...first, level: 'error'},
      {...queried, ...first},
      received('10.244.1.4', 'first'),
      log('DeleteNetwork', first),
    ];
    expect(failing({lines: [...before, ...lines]})).toEqual([]);
    expect(failing({lines: [...before, attached, queried, received(ip)]})).toEqual([joined, order]);
  });

  it('uses the newest of several answers', () => {
    expect(failing({lines: [...lines, received('10.244.1.9')]})).toEqual([api, inPod]);
    expect(failing({lines: [made, attached, received('10.244.1.9'), received(ip)]})).toEqual([]);
  });

  it('is not misled by an address that begins alike', () => {
    expect(failing({ipAddr: ipAddr.replace(ip, `${ip}0`)})).toEqual([inPod]);
  });

  it('reports the value that it saw instead', () => {
    expect(sawOf({netns: undefined}, joined)).toBe("a namespace of containerd's own");
    expect(sawOf({lines: []}, logged)).toBe('no line for it');
    expect(sawOf({lines: []}, order)).toBe('none of them');
    expect(sawOf({lines: [attached, made, queried]}, order)).toBe(
      'AttachInterface, CreateNetwork, QueryPodNetwork',
    );
    expect(sawOf({ipAddr: ''}, inPod)).toBe('none');
    expect(sawOf({pod: {...pod, ips: []}}, api)).toBe('none');
  });
});

describe('a request by name', () => {
  const check = (byName: Evidence['byName']) => judge({...evidence, byName})[5];
  it('is the sixth check, and shows what the pod found', () => {
    expect(judge(evidence)).toHaveLength(5);
    expect(check({succeeded: true, found: 'v1.20.2'})).toMatchObject({
      holds: true,
      saw: 'kubernetes.default (Kubernetes v1.20.2)',
    });
    const found = "wget: bad address 'kubernetes.default'";
    expect(check({succeeded: false, found})).toMatchObject({holds: false, saw: found});
  });
});

describe('gatherEvidence', () => {
  const nodes = [node('test1-control-plane'), node('test1-worker')];
  const on = (name: string, [file, args]: Command): Command => ['docker', ['exec', name, file, ...args]];
  const sandboxes = on('test1-worker', sandboxesOfPod('uid-1'));
  const journal = on('test1-worker', runtimeJournal({pattern: 'uid-1'}));
  const address = exchange(
    on(
      'test1-control-plane',
      kubectl('exec', '-n', 'default', 'samplepod', '--', 'ip', 'addr', 'show', 'eth0'),
    ),
    ipAddr,
  );
  const info = (id: string, path: string): string =>
    exchange(
      on('test1-worker', sandboxInfo(id)),
      JSON.stringify({Spec: {linux: {namespaces: [{type: 'network', path}]}}}),
    );
  const gather = async (...transcript: readonly string[]): Promise<Evidence> => {
    using host = fakeHost(transcript.join(''));
    return await gatherEvidence(clusterOf(host, nodes), pod, new AbortController().signal);
  };
  const texts = lines.map((line) => JSON.stringify(line));

  it('asks containerd, the journal and the pod', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, 'Started kni.service.', ...texts),
      address,
      info(sandbox, netns),
    );
    expect(gathered).toEqual({...evidence, ipAddr: ipAddr.trimEnd()});
    expect(judge(gathered).every(({holds}) => holds)).toBe(true);
  });

  it.each([
    ['{"gitVersion": "v1.20.2"}', {succeeded: true, found: 'v1.20.2'}],
    ['<html>', {succeeded: false, found: 'another answer'}],
  ])('lets the pod make a request by name: %s', async (printed, byName) => {
    const request = kubectl(
      'exec',
      '-n',
      'default',
      'samplepod',
      '--',
      'wget',
      '-q',
      '-T',
      '5',
      '-O',
      '-',
      'https://kubernetes.default/version',
    );
    const transcript = [
      exchange(sandboxes, sandbox),
      exchange(journal, ...texts),
      address,
      exchange(on('test1-control-plane', request), printed),
      info(sandbox, netns),
    ];
    using host = fakeHost(transcript.join(''));
    const {signal} = new AbortController();
    const gathered = await gatherEvidence(clusterOf(host, nodes), pod, signal, {byName: true});
    expect(gathered.byName).toEqual(byName);
  });

  it('chooses the sandbox of containerd that was attached last', async () => {
    const gathered = await gather(
      exchange(sandboxes, 'old', sandbox),
      exchange(journal, ...texts),
      address,
      info(sandbox, netns),
    );
    expect(gathered.sandbox).toBe(sandbox);
  });

  const query = (id: string): Command => on('test1-worker', askSandbox(id));

  it('keeps a sandbox that the runtime does not know, so that the checks can report it', async () => {
    const gathered = await gather(
      exchange(sandboxes, 'foreign'),
      exchange(journal),
      address,
      info('foreign', '/run/netns/cni-1'),
      exchange(query('foreign'), '2> kni-runtime: NOT_FOUND: unknown sandbox', '[exit code 1]'),
    );
    expect(gathered).toMatchObject({
      sandbox: 'foreign',
      netns: '/run/netns/cni-1',
      lines: [],
      asked: {kind: 'refused', why: 'NOT_FOUND: unknown sandbox'},
    });
  });

  it('asks a runtime that logs in its own words', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, 'created a network for uid-1'),
      address,
      info(sandbox, netns),
      exchange(query(sandbox), JSON.stringify({ipconfigs: {eth0: {ip: [ip], mac: ''}}, extradata: {}})),
    );
    expect(gathered).toMatchObject({lines: [], asked: {kind: 'answered', ips: [ip]}});
    expect(judge(gathered).every(({holds}) => holds)).toBe(true);
  });

  it('does not ask a runtime that logs its calls before the kubelet does', async () => {
    const gathered = await gather(
      exchange(sandboxes, sandbox),
      exchange(journal, ...texts.slice(0, 2)),
      address,
      info(sandbox, netns),
    );
    expect(gathered.asked).toBeUndefined();
  });

  it.each([['-- No entries --'], []])('takes a journal without such lines for empty', async (...said) => {
    const gathered = await gather(exchange(sandboxes), exchange(journal, ...said, '[exit code 1]'), address);
    expect(gathered).toMatchObject({sandbox: '', netns: undefined, lines: []});
  });

  it('does not take a journal that cannot be read for empty', async () => {
    const gathering = gather(
      exchange(sandboxes),
      exchange(journal, 'Failed to open journal', '[exit code 1]'),
      address,
    );
    expect((await rejection(gathering, CommandError)).output).toBe('Failed to open journal');
  });
});

describe('knownLine', () => {
  it('is the line of this sandbox, as it was written', () => {
    expect(knownLine({...evidence, lines: [received('10.0.0.1', 'other'), ...lines]})).toBe(received(ip).msg);
    expect(knownLine({...evidence, lines: []})).toBeUndefined();
  });
});

describe('workerOf', () => {
  it('prefers a worker', () => {
    expect(workerOf([node('test1-control-plane'), node('test1-worker')])).toBe('test1-worker');
    expect(workerOf([node('test1-control-plane')])).toBeUndefined();
  });
});
