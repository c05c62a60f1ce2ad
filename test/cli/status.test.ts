import {mkdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {sizeWithin} from '../../src/cache/size.ts';
import {writeChanges} from '../../src/changes/record.ts';
import {writeNetwork} from '../../src/cluster/network-record.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {terminal} from '../rig/terminal.ts';

const nodes = [node('test1-control-plane'), node('test1-worker')];
const apiNode = (name: string, isReady = true) => ({
  kind: 'Node',
  metadata: {name},
  status: {
    conditions: [{type: 'Ready', status: isReady ? 'True' : 'False', message: 'network is not ready'}],
    nodeInfo: {kubeletVersion: 'v1.20.2', containerRuntimeVersion: 'containerd://1.6.20'},
  },
});
const pod = (name: string, rest: object = {}, status: object = {}) => ({
  kind: 'Pod',
  metadata: {namespace: 'default', name, uid: `uid-${name}`},
  spec: {nodeName: 'test1-worker', ...rest},
  status: {phase: 'Running', podIP: '10.244.1.2', conditions: [{type: 'Ready', status: 'True'}], ...status},
});
const network = (extradata: object = {}, isReady = true) =>
  JSON.stringify({
    networks: [
      {
        name: 'kni',
        ready: isReady,
        extradata: {addresses_used: '1', addresses_capacity: '253', ...extradata},
      },
    ],
  });

interface World {
  readonly ps?: readonly string[];
  readonly api?: string | readonly object[];
  readonly runtime?: string;
}

const having = ({
  ps = printed(...nodes),
  api = [apiNode('test1-control-plane'), apiNode('test1-worker'), pod('samplepod')],
  runtime = `{"runtime":"0123456789abcdef"}\n${network()}`,
}: World = {}) =>
  hostOf((command) => {
    if (command.startsWith('docker ps')) return ps.join('\n');
    if (command.includes('kubectl')) return typeof api === 'string' ? api : JSON.stringify({items: api});
    return runtime;
  });

describe('status', () => {
  it.each([
    ['a missing cluster', [], exitCodes.badInput, 'cluster lab does not exist'],
    [
      "another user's cluster",
      printed(node('lab-worker', {cluster: 'lab'})),
      exitCodes.conflict,
      'another user',
    ],
  ])('refuses %s that --name selects', async (_, ps, code, message) => {
    await using dir = await dirWithCluster();
    const host = having({ps});
    expect(await cli(dir, ['status', '--name', 'lab'], {host})).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
  });

  it("shows the user's own network runtime, and how to leave it", async () => {
    await using dir = await dirWithCluster();
    const header = '# {"source":"/root/hello","id":"0123"}';
    const host = having({runtime: `{"runtime":"0123456789abcdef"} ${header}\n${network()}`});
    const {stdout} = await cli(dir, ['status'], {host});
    expect(stdout).toMatch(/^test1-worker +Ready +ready +1 of 253 +your own +none$/m);
    expect(stdout).toContain(
      'your own network runtime /root/hello on all nodes; leave it: kni-demo runtime use default\n',
    );
    const {stdout: json} = await cli(dir, ['status', '--json'], {host});
    expect(JSON.parse(json).clusters[0].nodes[0].runtime.own).toEqual({source: '/root/hello', id: '0123'});
  });

  it('shows nodes, network runtimes, pods and what up would replace', async () => {
    await using dir = await dirWithCluster();
    const api = [
      apiNode('test1-control-plane'),
      apiNode('test1-worker'),
      pod('samplepod'),
      pod('etcd', {hostNetwork: true}),
    ];
    const {code, stdout, stderr} = await cli(dir, ['status'], {host: having({api})});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout.split('\n')).toEqual([
      'Cluster test1: bookworm, Kubernetes v1.20.2',
      'NODE                 STATE  NETWORK  ADDRESSES  RUNTIME   CLEANUPS',
      'test1-control-plane  Ready  ready    1 of 253   01234567  none',
      'test1-worker         Ready  ready    1 of 253   01234567  none',
      'kni-demo up would replace on test1-control-plane: network runtime',
      'kni-demo up would replace on test1-worker: network runtime',
      '',
      'POD                NODE    ADDRESS     STATE',
      'default/samplepod  worker  10.244.1.2  Ready',
      '1 pod uses the network of its node',
      '',
      expect.stringMatching(/^cache .*\/cache\/kni-demo: 0 MB$/),
      '',
    ]);
  });

  it('names the network that the user chose', async () => {
    await using dir = await dirWithCluster();
    const leftovers = {links: [], paths: [], state: [], chains: []};
    await writeNetwork(dirsOf(envOf(dir)), 'test1', {
      network: {name: 'flannel', cniName: 'cbr0', neededFiles: [], leftovers, isKnown: true},
      former: [],
      isComplete: true,
    });
    const {stdout} = await cli(dir, ['status'], {host: having()});
    expect(stdout).toContain('Cluster test1: bookworm, Kubernetes v1.20.2, network flannel\n');
    const {stdout: json} = await cli(dir, ['status', '--json'], {host: having()});
    expect(JSON.parse(json).clusters[0].network).toBe('flannel');
  });

  it('asks docker once, the API server once and each node once', async () => {
    await using dir = await dirWithCluster();
    const host = having();
    await cli(dir, ['status'], {host});
    expect(host.ran).toHaveLength(4);
  });

  it('prints everything as one JSON object', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['status', '--json'], {host: having()});
    expect(JSON.parse(stdout)).toMatchObject({
      clusters: [
        {
          name: 'test1',
          stack: 'bookworm',
          nodes: [{name: 'test1-control-plane'}, {container: 'running', ready: true, replaces: ['runtime']}],
          pods: [{name: 'samplepod', ips: ['10.244.1.2']}],
        },
      ],
      cache: {isComplete: true},
    });
  });

  it('shows a stopped node, and the others', async () => {
    await using dir = await dirWithCluster();
    const ps = printed(node('test1-control-plane'), node('test1-worker', {running: false}));
    const {code, stdout} = await cli(dir, ['status'], {host: having({ps})});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toMatch(/^test1-worker +stopped /m);
    expect(stdout).toContain('! test1-worker is stopped; start it: kni-demo start\n');
    expect(stdout).toMatch(/^test1-control-plane +Ready +ready/m);
  });

  it('shows a node whose container was removed', async () => {
    await using dir = await dirWithCluster();
    const state = dir.join('state/kni-demo/clusters/test1/cluster.json');
    await writeFile(state, JSON.stringify({phase: 'complete', nodeImage: 'x', workers: 2}));
    const {code, stdout} = await cli(dir, ['status'], {host: having()});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toMatch(/^test1-worker2 +lost /m);
    expect(stdout).toContain('recreate it: kni-demo down, then kni-demo up --workers 2\n');
  });

  it('does not offer to restore nodes that were all removed', async () => {
    await using dir = await dirWithCluster();
    const change = {kind: 'service-stopped', node: 'test1-worker', unit: 'kni'} as const;
    await writeChanges(dirsOf(envOf(dir)), 'test1', {
      version: 1,
      command: 'kni-demo drill',
      pid: 1,
      since: '',
      changes: [change],
    });
    const {stdout} = await cli(dir, ['status'], {env: envOf(dir), host: having({ps: []})});
    expect(stdout).toContain('no node is left; forget it: kni-demo down\n');
    expect(stdout).not.toContain('restore it');
  });

  it('shows a runtime that does not answer, a node that is not Ready, and pending cleanups', async () => {
    await using dir = await dirWithCluster();
    const runtime = '{}\n2> kni-runtime: UNAVAILABLE: no socket\n[exit code 1]';
    const silent = await cli(dir, ['status'], {host: having({runtime})});
    expect(silent.code).toBe(exitCodes.failed);
    expect(silent.stdout).toMatch(/^test1-worker +Ready +silent +- +image's/m);
    expect(silent.stdout).toContain('! test1-worker: the network runtime does not answer: no socket; try: ');

    const api = [apiNode('test1-control-plane'), apiNode('test1-worker', false)];
    const answer = `{}\n${network({unfinished_cleanups: '2'})}`;
    const broken = await cli(dir, ['status'], {host: having({api, runtime: answer})});
    expect(broken.code).toBe(exitCodes.failed);
    expect(broken.stdout).toMatch(/^test1-worker +not Ready +ready .*2 pending$/m);
    expect(broken.stdout).toContain('! test1-worker: network is not ready\n');
  });

  it('says that the API server does not answer', async () => {
    await using dir = await dirWithCluster();
    const host = having({api: '2> connection refused\n[exit code 1]'});
    const {code, stdout} = await cli(dir, ['status'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toContain('! cannot ask the API server: connection refused\n');
    expect(stdout).toMatch(/^test1-worker +unknown +ready/m);
  });

  it('shows only clusters of this user, and only the one that was asked for', async () => {
    await using dir = await dirWithCluster();
    const ps = [
      ...printed(...nodes),
      ...printed(node('other-control-plane', {cluster: 'other', stack: undefined})),
    ];
    expect((await cli(dir, ['status'], {host: having({ps})})).stdout).not.toContain('other');
    const {stdout} = await cli(dir, ['status', '--name', 'test1'], {host: having({ps})});
    expect(stdout).toMatch(/^Cluster test1: /);
  });

  it('fits into a terminal of 80 columns', async () => {
    await using dir = await dirWithCluster();
    const long = 'a-deployment-with-a-long-name-and-two-hashes-74ff55c5b-pjqnr';
    const stdout = terminal();
    await cli(dir, ['status'], {host: having({api: [apiNode('test1-worker'), pod(long)]}), stdout});
    const lines = stdout.text().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout.text()).toMatch(/^default\/a-.*….*-pjqnr +worker +10\.244\.1\.2 +Ready$/m);
  });

  it('repeats with --watch until Ctrl-C, and prints only changes into a pipe', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const host = having();
    setTimeout(() => cancel.abort(new Error('cancelled by SIGINT')), 3_000);
    const {code, stdout} = await cli(dir, ['status', '--watch'], {host, signal: cancel.signal});
    expect(code).toBe(0);
    expect(stdout.match(/^Cluster test1/gm)).toHaveLength(1);
    expect(host.ran.length).toBeGreaterThan(4);
  });
});

describe('sizeWithin', () => {
  it('counts blocks of files, and stops when the time is over', async () => {
    await using dir = await tempDir();
    await mkdir(dir.join('a/b'), {recursive: true});
    await writeFile(dir.join('a/b/c'), 'x'.repeat(100_000));
    const whole = await sizeWithin(dir.path, 10_000);
    expect(whole.isComplete).toBe(true);
    expect(whole.bytes).toBeGreaterThanOrEqual(100_000);
    expect(await sizeWithin(dir.path, 0)).toEqual({bytes: 0, isComplete: false});
    expect(await sizeWithin(dir.join('missing'), 1_000)).toEqual({bytes: 0, isComplete: true});
  });
});
