import {Chalk} from 'chalk';
import {describe, expect, it} from 'vitest';
import {describeEvent, eventText} from '../../src/cli/event-text.ts';
import {leastWidth, podLifeText} from '../../src/cli/pod-life-text.ts';
import type {ClusterEvent} from '../../src/cluster/events/event.ts';
import {CommandError} from '../../src/host/command-error.ts';
import type {Host} from '../../src/host/host.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';

const ps = exchange(
  listNodeContainers('test1'),
  ...printed(node('test1-control-plane'), node('test1-worker')),
);

const today = new Date().toISOString().slice(0, 10);
const at = (second: string) => `${today}T00:00:${second}Z`;
const rpcEnded = (second: string, rest: object = {}) =>
  JSON.stringify({
    version: 1,
    time: at(second),
    kind: 'rpc-ended',
    rpc: 'AttachInterface',
    status: 'OK',
    ms: 30.12,
    pod: 'default/a',
    ...rest,
  });

type Answer = (onLine: (line: string) => void, signal: AbortSignal | undefined) => Promise<unknown> | void;

/** Programs on nodes, by `<node> <program>`. Others print nothing. */
const hostWith = (answers: Readonly<Record<string, Answer>>): Host => ({
  async run(command, options) {
    if (command[1][0] === 'ps') return await fakeHost(ps).run(command, options);
    const [nodeName = '', ...words] = command[1].filter((word) => word !== 'exec' && word !== '-i');
    const program = ['kni-runtime', 'journalctl', 'kubectl'].find((each) => words.includes(each));
    await answers[`${nodeName.replace('test1-', '')} ${program}`]?.(
      options?.onLine ?? (() => undefined),
      options?.signal,
    );
    return {stdout: '', stderr: ''};
  },
});

const prints =
  (...lines: readonly string[]): Answer =>
  (onLine) => {
    for (const line of lines) onLine(line);
  };
const fails: Answer = () => {
  throw new CommandError(['docker', []], {
    reason: 'exit code 2',
    output: 'kni-runtime: unknown command events; the commands are …',
    exitStatus: 2,
  });
};

const since = ['--since', `${today}T00:00:00Z`];

describe('events', () => {
  it('merges nodes and sources by time, and completes them', async () => {
    await using dir = await dirWithCluster();
    const sandbox = 'a'.repeat(64);
    const stop = `time="${at('02.000000000')}" level=info msg="StopPodSandbox for \\"${sandbox}\\" returns successfully"`;
    const host = hostWith({
      'worker kni-runtime': prints(rpcEnded('01.000001', {sandbox}), rpcEnded('03.000000')),
      'worker journalctl': prints(
        JSON.stringify({
          MESSAGE: stop,
          _SYSTEMD_UNIT: 'containerd.service',
          __REALTIME_TIMESTAMP: String(Date.parse(at('02.000')) * 1000),
        }),
      ),
      'control-plane kni-runtime': prints(
        rpcEnded('02.500000', {pod: 'kube-system/b', status: 'INTERNAL', error: 'no\nspace'}),
      ),
    });
    const {code, stdout, stderr} = await cli(dir, ['events', ...since], {host});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout.split('\n')).toEqual([
      '00:00:01.000  worker         runtime     AttachInterface ok 30 ms  default/a',
      '00:00:02.000  worker         containerd  StopPodSandbox ok  default/a',
      '00:00:02.500  control-plane  runtime     AttachInterface failed 30 ms: INTERNAL: no space  kube-system/b',
      '00:00:03.000  worker         runtime     AttachInterface ok 30 ms  default/a',
      '',
    ]);
  });

  it('shows one pod as JSON, with everything, and hides what repeats without it', async () => {
    await using dir = await dirWithCluster();
    const lines = [
      rpcEnded('01.000000', {kind: 'rpc-began'}),
      rpcEnded('02.000000', {rpc: 'QueryNodeNetworks', routine: true}),
      rpcEnded('03.000000', {pod: 'default/other'}),
      rpcEnded('04.000000', {kind: 'from-the-future', surprise: 1}),
    ];
    const host = hostWith({'worker kni-runtime': prints(...lines)});
    const {stdout} = await cli(dir, ['events', '--pod', 'a', '--json', ...since], {host});
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['rpc-began', 'rpc-ended', 'from-the-future']);
    const shown = await cli(dir, ['events', '--pod', 'a', ...since], {host});
    expect(shown.stdout).toBe('00:00:04.000  worker         runtime     from-the-future\n');
  });

  it('names a source that cannot be read, shows the others and exits with 1', async () => {
    await using dir = await dirWithCluster();
    const host = hostWith({
      'worker kni-runtime': fails,
      'control-plane kni-runtime': prints(rpcEnded('01.000000')),
    });
    const {code, stdout} = await cli(dir, ['events', ...since], {host});
    expect(code).toBe(1);
    expect(stdout).toContain('AttachInterface ok');
    expect(stdout).toMatch(
      /worker +kni-demo +lost the network runtime: its kni-runtime command is too old for this$/m,
    );
  });

  it('says that the network runtime of a user reports no events', async () => {
    await using dir = await dirWithCluster();
    const refuses: Answer = () => {
      const output =
        'kni-runtime: UNIMPLEMENTED: The server does not implement the method /kni.inspector.Inspector/Watch';
      throw new CommandError(['docker', []], {reason: 'exit code 1', output, exitStatus: 1});
    };
    const {code, stdout} = await cli(dir, ['events', ...since], {
      host: hostWith({'worker kni-runtime': refuses}),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/lost the network runtime: it does not report events$/m);
  });

  it('does not take the last event for the reason why a source has ended', async () => {
    await using dir = await dirWithCluster();
    const killed: Answer = () => {
      throw new CommandError(['docker', []], {
        reason: 'exit code 137',
        output: rpcEnded('01.000000'),
        exitStatus: 137,
      });
    };
    const {stdout} = await cli(dir, ['events', ...since], {host: hostWith({'worker kni-runtime': killed})});
    expect(stdout).toMatch(/lost the network runtime: exit code 137$/m);
  });

  it('shows only the events of one node, including those of the API server', async () => {
    await using dir = await dirWithCluster();
    const pod = (name: string, nodeName: string) =>
      [
        'ADDED',
        `default/${name}`,
        `uid-${name}`,
        nodeName,
        '10.244.1.9',
        at('01'),
        '',
        'True',
        at('02'),
        'True',
        at('03'),
      ].join('|');
    const host = hostWith({
      'control-plane kubectl': prints(pod('a', 'test1-worker'), pod('b', 'test1-control-plane')),
      'control-plane kni-runtime': fails,
    });
    const {code, stdout} = await cli(dir, ['events', '--node', 'test1-worker', ...since], {host});
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '00:00:01.000  worker         api         created  default/a',
      '00:00:02.000  worker         api         Scheduled  default/a',
      '00:00:03.000  worker         api         Ready  default/a',
      '',
    ]);
  });

  it('reports that no event was found', async () => {
    await using dir = await dirWithCluster();
    const {code, stderr} = await cli(dir, ['events', '--pod', 'a'], {host: hostWith({})});
    expect({code, stderr}).toEqual({
      code: 0,
      stderr: 'no event about pod default/a in the last 10 minutes; see further back: --since 1h\n',
    });
  });

  it('reconnects with --follow, shows nothing twice, and ends well with Ctrl-C', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const wait = (signal: AbortSignal | undefined) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('cancelled')));
      });
    let reads = 0;
    const runtime: Answer = (onLine, signal) => {
      reads += 1;
      onLine('');
      onLine(rpcEnded('01.000000'));
      if (reads === 1) return undefined;
      onLine(rpcEnded('02.000000', {rpc: 'DetachInterface'}));
      setTimeout(() => cancel.abort(new Error('cancelled by SIGINT')), 1_500);
      return wait(signal);
    };
    const quiet: Answer = (onLine, signal) => {
      onLine('');
      return wait(signal);
    };
    const host = hostWith({
      'worker kni-runtime': runtime,
      'worker journalctl': quiet,
      'control-plane kni-runtime': quiet,
      'control-plane journalctl': quiet,
      'control-plane kubectl': quiet,
    });
    const {code, stdout, stderr} = await cli(dir, ['events', '-f', ...since], {host, signal: cancel.signal});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    expect(stdout.match(/AttachInterface ok/g)).toHaveLength(1);
    expect(stdout.match(/DetachInterface ok/g)).toHaveLength(1);
    expect(stdout).toContain('lost the network runtime');
    expect(stdout).toContain('reconnected to the network runtime');
    expect(reads).toBe(2);
  });
});

describe('the drawing of a pod', () => {
  const {header, rows} = podLifeText(new Chalk({level: 0}), 80);
  const event = (time: string, rest: Partial<ClusterEvent>): ClusterEvent => ({
    version: 1,
    time: `2026-11-28T12:00:${time}Z`,
    source: 'runtime',
    kind: 'x',
    ...rest,
  });

  it('has a column for each program, fits into 80 columns and shows errors below', () => {
    const drawn = [
      event('00.000000', {source: 'api', kind: 'pod-created'}),
      event('00.100000', {kind: 'rpc-began', rpc: 'AttachInterface'}),
      event('00.150000', {
        kind: 'plugin-ended',
        plugin: 'bridge',
        command: 'ADD',
        ms: 50,
        error: `no ${'x'.repeat(300)}`,
      }),
      event('01.234500', {kind: 'address-assigned', address: '10.244.1.5/24', interface: 'eth0'}),
      event('01.300000', {kind: 'rpc-ended', rpc: 'AttachInterface', ms: 1200, status: 'OK'}),
      event('12.000000', {source: 'containerd', kind: 'sandbox-started'}),
    ].flatMap((each) => rows(each));
    expect([header, ...drawn.filter((line) => line.length < 100)]).toEqual([
      '     ms  kubelet       runtime       plugins       containerd    pod',
      '     +0  │             │             │             │             created',
      '   +100  AttachInterface →           │             │             │',
      '   +150  │             │             bridge ADD failed 50 ms     │',
      '  +1235  │             10.244.1.5/24 on eth0       │             │',
      '  +1300  │             ← ok 1200 ms  │             │             │',
      ' +12000  │             │             │             RunPodSandbox ok',
    ]);
    expect(drawn.filter((line) => line.length >= 100)).toEqual([expect.stringMatching(/^ {9}no x+$/)]);
  });
});

it.each([40, 80, 300])('says what happened in a terminal of %i columns', (width) => {
  const nodes = ['test1-control-plane', 'test1-worker'];
  const format = eventText({paint: new Chalk({level: 0}), nodes, cluster: 'test1', width, onePod: false});
  const event = {version: 1, time: at('01.000000'), node: 'test1-worker', source: 'api'} as const;
  const line = '00:00:01.000  worker         api         Ready  default/a';
  expect(format({...event, kind: 'pod-ready', pod: 'default/a'})).toBe(line);
});

it('has a column for each program in the narrowest terminal that gets a drawing', () => {
  const {header} = podLifeText(new Chalk({level: 0}), leastWidth);
  expect(header.split(/ +/).slice(1)).toEqual(['ms', 'kubelet', 'runtime', 'plugins', 'containerd', 'pod']);
  expect(header.length).toBeLessThanOrEqual(leastWidth);
});

it('describes every kind of event in words', async () => {
  const {eventKinds} = await import('../../runtime/src/events/event.ts');
  const described = eventKinds.map((kind) => describeEvent({version: 1, time: '', source: 'runtime', kind}));
  expect(described.filter((text, index) => text === eventKinds[index])).toEqual([]);
});
