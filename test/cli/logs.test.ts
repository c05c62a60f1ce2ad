import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {getJson} from '../../src/tools/kubectl.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {terminal} from '../rig/terminal.ts';

const nodes = [node('test1-control-plane'), node('test1-worker')];
const ps = exchange(listNodeContainers('test1'), ...printed(...nodes));
const journal = (name: string, ...flags: readonly string[]): readonly [string, string[]] => [
  'docker',
  ['exec', name, 'journalctl', '--unit=kni', '--output=cat', '--no-pager', ...flags],
];
const line = (time: string, msg: string, rest: object = {}): string =>
  JSON.stringify({level: 'info', msg, time: `2026-11-24T02:00:${time}Z`, pod: 'default/a', ...rest});
const ofWorker = ['--node', 'test1-worker'];

it.each([
  [['logs', 'bundle', '--name', 'lab'], 'lab'],
  [['logs', '--name', 'lab', 'bundle'], 'lab'],
  [['logs', 'bundle'], 'test1'],
])('%j is about cluster %s, also if a variable names another cluster', async (args, name) => {
  await using dir = await tempDir();
  const host = hostOf(() => '');
  const env = {...envOf(dir), ...(name === 'lab' && {KNI_DEMO_NAME: 'other'})};
  const {stderr} = await cli(dir, [...args, dir.join('logs.tar.gz')], {host, env});
  expect(stderr).toContain(`error: cluster ${name} does not exist`);
});

describe('logs', () => {
  it('shows all nodes in the order of time, and lines of the same moment as they came', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps +
        exchange(journal('test1-control-plane'), 'Started kni.service.', line('02.000', 'third')) +
        exchange(
          journal('test1-worker'),
          line('01.000', 'first', {ms: 43.4}),
          line('01.000', 'second', {pod: undefined}),
          line('03.000', 'fourth', {level: 'error', error: 'no address\nleft'}),
        ),
    );
    expect(await cli(dir, ['logs'], {host})).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        '02:00:01.000  test1-worker  first  default/a  43 ms',
        '02:00:01.000  test1-worker  second',
        '02:00:02.000  test1-control-plane  third  default/a',
        '02:00:03.000  test1-worker  fourth  default/a  no address left',
        '',
      ].join('\n'),
    });
  });

  it('lets nothing through that moves the cursor', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps +
        exchange(journal('test1-worker'), line('01.000', 'a', {error: '\u001b[2J\u001b]0;title\u0007b\rc'})),
    );
    const {stdout} = await cli(dir, ['logs', '--node', 'test1-worker'], {host});
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect(stdout).toContain('b c');
  });

  it('accepts a pod name with or without a namespace', async () => {
    await using dir = await dirWithCluster();
    const lines = [line('01.000', 'mine'), line('02.000', 'theirs', {pod: 'other/a'})];
    const read = async (pod: string): Promise<string> => {
      using host = fakeHost(ps + exchange(journal('test1-worker'), ...lines));
      return (await cli(dir, ['logs', '--node', 'test1-worker', '--pod', pod], {host})).stdout;
    };
    expect(await read('a')).toContain('mine');
    expect(await read('a')).not.toContain('theirs');
    expect(await read('other/a')).toContain('theirs');
  });

  it('prints the unchanged lines with --json', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps + exchange(journal('test1-worker'), line('01.000', 'a', {extra: [1]})));
    const {stdout} = await cli(dir, ['logs', '--json', '--node', 'test1-worker'], {host});
    expect(JSON.parse(stdout)).toEqual({
      node: 'test1-worker',
      ...JSON.parse(line('01.000', 'a', {extra: [1]})),
    });
  });

  it('reports a stopped node, and shows the others', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      exchange(
        listNodeContainers('test1'),
        ...printed(node('test1-control-plane'), node('test1-worker', {running: false})),
      ) + exchange(journal('test1-control-plane'), line('01.000', 'a')),
    );
    expect(await cli(dir, ['logs'], {host})).toMatchObject({
      code: exitCodes.failed,
      stdout: '02:00:01.000  test1-control-plane  a  default/a\n',
      stderr: '! test1-worker is stopped; start it: kni-demo start\n',
    });
  });

  it('reports a node that does not answer, and shows the others', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps +
        exchange(journal('test1-control-plane'), line('01.000', 'a')) +
        exchange(journal('test1-worker'), '2> no such container', '[exit code 1]'),
    );
    expect(await cli(dir, ['logs'], {host})).toMatchObject({
      code: exitCodes.failed,
      stdout: '02:00:01.000  test1-control-plane  a  default/a\n',
      stderr: '! cannot read the log of test1-worker: no such container\n',
    });
  });

  it('refuses an unknown pod, and names the pods of the namespace', async () => {
    await using dir = await dirWithCluster();
    const host = hostOf((command) => {
      if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
      return command.includes('jsonpath') ? 'a c' : '';
    });
    expect(await cli(dir, ['logs', '--pod', 'b'], {host})).toMatchObject({
      code: exitCodes.badInput,
      stdout: '',
      stderr: expect.stringMatching(/^error: pod default\/b does not exist: namespace default has a, c\n/),
    });
  });

  it('says why a pod has no lines', async () => {
    await using dir = await dirWithCluster();
    const found = {metadata: {uid: 'u'}, spec: {nodeName: 'test1-worker', hostNetwork: true}, status: {}};
    const asked = getJson('-n', 'default', 'pods', '--ignore-not-found', 'b');
    using host = fakeHost(
      ps +
        exchange(journal('test1-worker'), line('01.000', 'x')) +
        exchange(['docker', ['exec', 'test1-control-plane', asked[0], ...asked[1]]], JSON.stringify(found)),
    );
    expect(await cli(dir, ['logs', '--pod', 'b', ...ofWorker], {host})).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'pod default/b uses the network of its node, so KNI does nothing for it\n',
    });
  });

  const shown = async (flags: readonly string[], ...lines: readonly string[]): Promise<readonly string[]> => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps + exchange(journal('test1-worker'), ...lines));
    const {code, stdout} = await cli(dir, ['logs', ...ofWorker, ...flags], {host});
    expect(code).toBe(0);
    return stdout.split('\n').flatMap((each) => each.split('  ')[2] ?? []);
  };

  it('selects by RPC, level and number of lines', async () => {
    const lines = [
      line('01.000', 'a', {rpc: 'CreateNetwork'}),
      line('02.000', 'b', {rpc: 'AttachInterface', level: 'error'}),
      line('03.000', 'c', {level: 'warn'}),
    ];
    expect(await shown(['--rpc', 'createnetwork'], ...lines)).toEqual(['a']);
    expect(await shown(['--rpc', 'CreateNetwork', '--rpc', 'AttachInterface'], ...lines)).toEqual(['a', 'b']);
    expect(await shown(['--level', 'warn'], ...lines)).toEqual(['b', 'c']);
    expect(await shown(['--tail', '2'], ...lines)).toEqual(['b', 'c']);
    expect(await shown(['--tail', '4'], ...lines)).toEqual(['a', 'b', 'c']);
    expect(await shown(['--tail', '9'], ...lines)).toEqual(['a', 'b', 'c']);
    expect(await shown(['--tail', '0'], ...lines)).toEqual([]);
  });

  it('selects by the beginning of a sandbox, with the calls before the sandbox had an id', async () => {
    const lines = [
      line('01.000', 'a', {correlation: 'u-1'}),
      line('02.000', 'b', {correlation: 'u-2'}),
      line('03.000', 'c', {correlation: 'u-1', sandbox: 'abcdef'}),
      line('04.000', 'd', {correlation: 'u-2', sandbox: 'abxxxx'}),
    ];
    expect(await shown(['--sandbox', 'abcd'], ...lines)).toEqual(['a', 'c']);
  });

  it('refuses an unknown sandbox', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps + exchange(journal('test1-worker'), line('01.000', 'a', {sandbox: 'abcdef'})));
    expect(await cli(dir, ['logs', '--sandbox', 'bcde', ...ofWorker], {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr: expect.stringMatching(/^error: unknown sandbox bcde: /),
    });
  });

  it('passes the start time on to the journal', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps + exchange(journal('test1-worker', '--since=@1795824000'), line('01.000', 'a')));
    const {stdout} = await cli(dir, ['logs', '--since', '2026-11-28T00:00:00Z', ...ofWorker], {host});
    expect(stdout).toContain('a');
  });

  const start = [
    line('00.000', 'serving KNI', {pod: undefined}),
    line('01.000', 'cannot watch the nodes', {pod: undefined, level: 'warn'}),
    line('02.000', 'early', {}),
  ];
  const ready = line('03.000', 'QueryNodeNetworks ok', {
    pod: undefined,
    rpc: 'QueryNodeNetworks',
    ready: true,
  });

  it('hides inspector calls and the start of a runtime without --all', async () => {
    const inspect = line('04.000', 'InspectPodNetwork ok', {rpc: 'InspectPodNetwork'});
    const lines = [...start, ready, inspect];
    expect(await shown([], ...lines)).toEqual(['serving KNI', 'early', 'QueryNodeNetworks ok']);
    expect(await shown(['--all'], ...lines)).toHaveLength(5);
    expect(await shown(['--rpc', 'InspectPodNetwork'], ...lines)).toEqual(['InspectPodNetwork ok']);
  });

  it('shows the start of a runtime whose network never became ready', async () => {
    expect(await shown([], ...start)).toContain('cannot watch the nodes');
  });

  const deletion = ['Detach', 'Delete', 'Detach', 'Delete', 'Detach'].map((each, index) => {
    const rpc = each === 'Detach' ? 'DetachInterface' : 'DeleteNetwork';
    return line(`0${index}.000`, `${rpc} ok`, {rpc, correlation: 'u-1', ms: 80 - index});
  });

  it('folds the repeated calls of one deletion, and keeps failures', async () => {
    await using dir = await dirWithCluster();
    const failure = line('06.000', 'DeleteNetwork failed', {
      rpc: 'DeleteNetwork',
      level: 'error',
      correlation: 'u-1',
    });
    const other = line('07.000', 'DetachInterface ok', {rpc: 'DetachInterface', correlation: 'u-2'});
    using host = fakeHost(ps + exchange(journal('test1-worker'), ...deletion, failure, failure, other));
    const {stdout} = await cli(dir, ['logs', ...ofWorker], {host});
    expect(stdout.split('\n').map((each) => each.split('  ').slice(2).join(', '))).toEqual([
      'DetachInterface ok, default/a, 80 ms, 3 calls',
      'DeleteNetwork ok, default/a, 79 ms, 2 calls',
      'DeleteNetwork failed, default/a',
      'DeleteNetwork failed, default/a',
      'DetachInterface ok, default/a',
      '',
    ]);
  });

  it('neither folds nor hides lines with --json', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps + exchange(journal('test1-worker'), ...start, ready, ...deletion));
    const {stdout} = await cli(dir, ['logs', '--json', ...ofWorker], {host});
    expect(stdout.trimEnd().split('\n')).toHaveLength(9);
  });

  it('gives each node and each level its colour in a terminal', async () => {
    await using dir = await dirWithCluster();
    const stdout = terminal({colors: true});
    using host = fakeHost(
      ps +
        exchange(journal('test1-control-plane'), line('01.000', 'a')) +
        exchange(journal('test1-worker'), line('02.000', 'b', {level: 'error'})),
    );
    await cli(dir, ['logs'], {host, stdout});
    const [first = '', second = ''] = stdout.text().split('\n');
    const colour = (text: string, name: string): string | undefined =>
      new RegExp(String.raw`\[(\d+)m${name}`).exec(text)?.[1];
    expect(colour(first, 'test1-control-plane')).not.toBe(colour(second, 'test1-worker'));
    expect(colour(second, 'b  default/a')).toBe('31');
  });
});
