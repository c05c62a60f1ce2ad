import {describe, expect, it} from 'vitest';
import {type Evidence, judge, knownLine, proofLines, runtimeLine, workerOf} from '../../src/cluster/proof.ts';
import type {LogLine} from '../../src/cluster/runtime-log.ts';
import {node} from '../rig/demo.ts';
import {
  attached,
  evidence,
  ip,
  ipAddr,
  lines,
  log,
  made,
  netns,
  pod,
  queried,
  received,
} from '../rig/evidence.ts';

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

  describe('of a runtime that does not log "ipconfigs received for id: …"', () => {
    const answered = {kind: 'answered', ips: [ip]} as const;
    const [told, foreign] = [
      "the runtime answers QueryPodNetwork with an address for the pod's sandbox",
      'containerd joined a network namespace that it did not make',
    ];

    it('uses the answer of the runtime and the other sources, and names them', () => {
      const unlogged: Evidence = {...evidence, netns: '/run/netns/pod-1', lines: [], asked: answered};
      const checks = judge(unlogged);
      expect(checks.filter(({holds}) => !holds)).toEqual([]);
      expect(proofLines(checks)).toEqual([
        `1. address by QueryPodNetwork  ${ip} (not in its log)`,
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
