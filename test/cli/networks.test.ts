import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {writeNetwork} from '../../src/cluster/network-record.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import type {Command} from '../../src/host/host.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, envOf, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {terminal} from '../rig/terminal.ts';

const [control, worker] = [node('test1-control-plane'), node('test1-worker')];
const ps = (...nodes: (typeof control)[]): string =>
  exchange(listNodeContainers('test1'), ...printed(...nodes));
const ask = (name: string): Command => ['docker', ['exec', name, 'kni-runtime', 'networks']];
const answer = (extradata: object, ready?: boolean): string =>
  JSON.stringify({networks: [{name: 'kni', ...(ready && {ready}), extradata}]});
const good = answer({addresses_used: '3', addresses_capacity: '253'}, true);
const full = answer({
  reason: 'AddressPoolExhausted',
  message: 'no address is left',
  addresses_used: '253',
  addresses_capacity: '253',
  running_pods: 'unaffected',
});
const header = 'NODE                 NETWORK  STATE      ADDRESSES';
const [red, yellow] = ['\u001b[31m', '\u001b[33m'];

describe('networks', () => {
  it('shows each node, and succeeds when one is not ready', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps(control, worker) + exchange(ask(control.name), good) + exchange(ask(worker.name), full),
    );
    expect(await cli(dir, ['networks'], {host})).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        header,
        'test1-control-plane  kni      ready      3 of 253',
        'test1-worker         kni      not ready  253 of 253',
        '  no addresses left for new pods; running pods are not affected: AddressPoolExhausted: no address is left',
        '',
      ].join('\n'),
    });
  });

  it('mentions a switch to another network that was interrupted', async () => {
    await using dir = await dirWithCluster();
    await writeNetwork(dirsOf(envOf(dir)), 'test1', {former: [], isComplete: false});
    using host = fakeHost(ps(worker) + exchange(ask(worker.name), good));
    expect((await cli(dir, ['networks'], {host})).stderr).toBe(
      'note: the switch of the nodes to network kni is not complete\n      continue it: kni-demo up\n',
    );
  });

  it.each([
    [{name: 'flannel', cniName: 'cbr0', isKnown: true}, 'pods get network flannel, in CNI cbr0'],
    [{name: 'mine.conflist', cniName: 'cbr0', isKnown: true}, 'pods get network mine.conflist, in CNI cbr0'],
    [{name: 'calico', cniName: 'calico', isKnown: false}, 'pods get network calico'],
  ])('names the network that the user chose: %o', async (chosen, line) => {
    await using dir = await dirWithCluster();
    const leftovers = {links: [], paths: [], state: [], chains: []};
    const record = {network: {...chosen, neededFiles: [], leftovers}, former: [], isComplete: true};
    await writeNetwork(dirsOf(envOf(dir)), 'test1', record);
    using host = fakeHost(ps(worker) + exchange(ask(worker.name), good));
    expect((await cli(dir, ['networks'], {host})).stdout.split('\n').at(-2)).toBe(line);
  });

  it('answers with a warning if the record of the network is unreadable', async () => {
    await using dir = await dirWithCluster();
    await writeNetwork(dirsOf(envOf(dir)), 'test1', {former: [], isComplete: false});
    await writeFile(join(dirsOf(envOf(dir)).state, 'clusters/test1/network.json'), '{');
    using host = fakeHost(
      ps(control, worker) + [control, worker].map(({name}) => exchange(ask(name), good)).join(''),
    );
    const {code, stderr} = await cli(dir, ['networks'], {host});
    expect({code, stderr}).toEqual({
      code: exitCodes.ok,
      stderr: expect.stringMatching(/^note: cannot read the network of cluster test1/),
    });
  });

  it('says why addresses are not counted', async () => {
    await using dir = await dirWithCluster();
    const uncounted = answer({addresses_uncounted: 'the plugin dhcp does not say'}, true);
    using host = fakeHost(ps(worker) + exchange(ask(worker.name), uncounted));
    expect((await cli(dir, ['networks'], {host})).stdout).toContain(
      '-\n  addresses are not counted: the plugin dhcp does not say\n',
    );
  });

  it('names a node whose container was removed, also the control plane', async () => {
    await using dir = await tempDir();
    const record = {phase: 'complete', nodeImage: 'kni-demo/node:1', workers: 2} as const;
    await writeRecord(dirsOf(envOf(dir)), 'test1', record);
    using host = fakeHost(ps(worker) + exchange(ask(worker.name), good));
    const {code, stdout} = await cli(dir, ['networks'], {host});
    expect(code).toBe(exitCodes.failed);
    for (const removed of ['test1-control-plane', 'test1-worker2'])
      expect(stdout).toMatch(
        new RegExp(
          `${removed} +- +unknown +-\n  its container was removed\n  try: recreate it: kni-demo down,`,
        ),
      );
  });

  it('shows the number of failed cleanups of a node, and the command that lists them', async () => {
    await using dir = await dirWithCluster();
    const failing = answer({addresses_used: '4', addresses_capacity: '253', unfinished_cleanups: '2'}, true);
    using host = fakeHost(ps(control) + exchange(ask(control.name), failing));
    const {code, stdout} = await cli(dir, ['networks'], {host});
    expect(code).toBe(0);
    expect(stdout).toContain(
      '\n  2 failed cleanups on this node: docker exec test1-control-plane kni-runtime pending\n',
    );
  });

  it.each([
    ['yellow where running pods are unaffected', full, yellow],
    ['red where they are not', answer({reason: 'PluginMissing', message: 'bridge'}), red],
    ['red without a reason', answer({}), red],
    ['red where the runtime has no network', '{}', red],
  ])('is %s', async (_, text, colour) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps(control) + exchange(ask(control.name), text));
    const stdout = terminal({colors: true});
    await cli(dir, ['networks'], {host, stdout});
    expect(stdout.text()).toContain(`${colour}test1-control-plane`);
  });

  it.each([
    [
      'the runtime is down',
      ['2> kni-runtime: UNAVAILABLE: no server is listening on /run/kni/kni.sock', '[exit code 1]'],
      'the network runtime does not answer: no server is listening on /run/kni/kni.sock',
      'docker exec test1-worker systemctl status kni',
    ],
    [
      'the node has no kni-runtime',
      [
        '2> OCI runtime exec failed: exec: "kni-runtime": executable file not found in $PATH',
        '[exit code 126]',
      ],
      'cannot ask the network runtime: it has no kni-runtime command',
      'recreate it: kni-demo down, then kni-demo up',
    ],
    [
      'the runtime answers with an error',
      ['2> kni-runtime: INTERNAL: no store', '[exit code 1]'],
      'the network runtime answers INTERNAL: no store',
      'kni-demo logs --node test1-worker',
    ],
    [
      'docker fails',
      ['2> Error response from daemon: container is paused', '[exit code 1]'],
      'Error response from daemon: container is paused',
      'run it yourself: docker exec test1-worker kni-runtime networks',
    ],
    [
      'the answer is invalid',
      ['<html>'],
      /cannot read the network runtime's networks: .*/,
      'run it yourself: docker exec test1-worker kni-runtime networks',
    ],
  ])('shows the others where %s, and what to do', async (_, output, why, tryThis) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps(control, worker) + exchange(ask(control.name), good) + exchange(ask(worker.name), ...output),
    );
    const {code, stdout, stderr} = await cli(dir, ['networks'], {host});
    expect({code, stderr}).toEqual({code: exitCodes.failed, stderr: ''});
    const [, first, row, below, next] = stdout.split('\n');
    expect(first).toMatch(/^test1-control-plane {2}kni +ready +3 of 253$/);
    expect(row).toMatch(/^test1-worker +- +unknown +-$/);
    expect(below).toMatch(why);
    expect(next).toBe(`  try: ${tryThis}`);
  });

  it('does not ask a node that is stopped', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps(control, {...worker, running: false}) + exchange(ask(control.name), good));
    const {code, stdout} = await cli(dir, ['networks'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toContain('  it is stopped\n  try: start it: kni-demo start\n');
  });

  it('prints one JSON object for each node with --json', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps(control, {...worker, running: false}) + exchange(ask(control.name), good));
    const {stdout} = await cli(dir, ['networks', '--json'], {host});
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        node: control.name,
        networks: [{name: 'kni', ready: true, used: 3, capacity: 253, runningPodsUnaffected: false}],
      },
      {node: worker.name, why: 'it is stopped', tryThis: 'start it: kni-demo start'},
    ]);
  });

  it('is cancelled', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    using host = fakeHost(ps(control));
    const running = {
      run: async (...args: Parameters<typeof host.run>) => {
        const result = await host.run(...args);
        cancel.abort(new Error('cancelled by SIGINT'));
        return result;
      },
    };
    expect(await cli(dir, ['networks'], {host: running, signal: cancel.signal})).toMatchObject({
      code: exitCodes.cancelled,
      stdout: '',
    });
  });
});
