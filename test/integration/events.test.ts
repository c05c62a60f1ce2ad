import {createInterface} from 'node:readline';
import {beforeAll, describe, expect, inject, it} from 'vitest';
import type {Chain} from '../rig/node/chain.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import type {TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

type Event = Readonly<Record<string, unknown>> & {readonly kind: string; readonly time: string};

const parse = (line: string): Event => JSON.parse(line) as Event;

describe('the events of a network runtime', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithChain(['--give-up-after=1']);
    ({node, chain, runtime} = started);
    return started.stop;
  });

  const command = (...args: string[]) => [process.execPath, inject('runtimeFile'), 'events', ...args];
  const past = async () => (await node.run(command())).trim().split('\n').map(parse);
  const follow = () => {
    const events: Event[] = [];
    const child = node.start(command('--follow'));
    if (child.stdout) createInterface({input: child.stdout}).on('line', (line) => events.push(parse(line)));
    return {events, child};
  };
  const ofPod = (events: readonly Event[], {name}: {name: string}) =>
    events.filter(({pod}) => pod === `default/${name}`);

  it('tell the life of a pod, in order, to a reader that comes late', async () => {
    const pod = newPod('lived');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    await takeDown(runtime.kni, pod, netns);
    const events = ofPod(await past(), pod);
    const told = events.map(({kind, rpc, plugin, command: cni}) =>
      [kind, rpc ?? plugin, cni].filter(Boolean).join(' '),
    );
    expect(told.filter((each) => !each.startsWith('plugin-began'))).toEqual([
      'rpc-began CreateNetwork',
      'netns-created',
      'rpc-ended CreateNetwork',
      'rpc-began AttachInterface',
      'plugin-ended bridge ADD',
      'plugin-ended portmap ADD',
      'plugin-ended fault ADD',
      'address-assigned',
      'rpc-ended AttachInterface',
      'rpc-began DetachInterface',
      'plugin-ended fault DEL',
      'plugin-ended portmap DEL',
      'plugin-ended bridge DEL',
      'address-released',
      'rpc-ended DetachInterface',
      'rpc-began DeleteNetwork',
      'netns-deleted',
      'rpc-ended DeleteNetwork',
    ]);
    expect(events.every(({version}) => version === 1)).toBe(true);
    const times = events.map(({time}) => time);
    expect(times).toEqual(times.toSorted());
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const last = events.at(-1);
    const correlation = expect.stringMatching(new RegExp(`^${pod.uid}-`));
    expect(last).toMatchObject({status: 'OK', uid: pod.uid, sandbox: pod.sandbox, netns, correlation});
    expect(last?.['ms']).toBeGreaterThan(0);
    expect(events.find(({kind}) => kind === 'address-assigned')).toMatchObject({
      address: `${ip}/24`,
      interface: 'eth0',
      network: 'kni',
      correlation,
    });
    const bridge = events.filter(({plugin, command: cni}) => plugin === 'bridge' && cni === 'ADD');
    expect(bridge.map(({kind}) => kind)).toEqual(['plugin-began', 'plugin-ended']);
    expect(new Set(bridge.map(({call}) => call)).size).toBe(1);
  });

  it('arrive while they happen, routine calls included', async () => {
    const {events, child} = follow();
    await until('it is connected', () => events.length > 0);
    await runtime.kni.queryNodeNetworks({});
    await until('the call arrives', () => events.some(({rpc}) => rpc === 'QueryNodeNetworks'));
    expect(events.find(({rpc}) => rpc === 'QueryNodeNetworks')).toMatchObject({routine: true});
    expect((await past()).filter(({routine}) => routine)).toEqual([]);
    child.kill();
  });

  it('all arrive at a reader that follows while a busy runtime emits thousands', async () => {
    const {events, child} = follow();
    await until('it is connected', () => events.length > 0);
    const [rounds, parallel] = [125, 20]; // more events than wait for a reader at most
    const before = events.length;
    for (let round = 0; round < rounds; round++)
      await Promise.all(
        Array.from({length: parallel}, () =>
          runtime.kni.queryPodNetwork({id: 'unknown'}).catch(() => undefined),
        ),
      );
    const calls = () => events.slice(before).filter(({rpc}) => rpc === 'QueryPodNetwork');
    await until('the last call arrives', () => calls().length === 2 * rounds * parallel);
    expect(events.filter(({kind}) => kind === 'missed')).toEqual([]);
    const times = calls().map(({time}) => time);
    expect(times).toEqual(times.toSorted());
    child.kill();
  });

  it('end without a message when their reader is gone', async () => {
    const script =
      'file=$(mktemp); { "$@" 2>"$file"; echo "exit code $?" >>"$file"; } | true; cat "$file"; rm "$file"';
    for (const args of [command(), command('--follow')])
      expect(await node.run(['sh', '-c', script, 'sh', ...args])).toBe('exit code 141\n');
  });

  it('name the cause of a failed call, and the end of its cleanup', async () => {
    const pod = newPod('failed');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'error', 'fault DEL': 'error'});
    await attach(runtime.kni, pod, netns).catch(() => undefined);
    await runtime.kni.detachInterface(identify(pod)).catch(() => undefined);
    const kinds = async () => ofPod(await past(), pod).map(({kind}) => kind);
    await until('its cleanup is pending', async () => {
      await runtime.kni.detachInterface(identify(pod)).catch(() => undefined);
      return (await kinds()).includes('cleanup-pending');
    });
    await chain.plan({});
    await node.run([process.execPath, inject('runtimeFile'), 'pending', '--retry']);
    const events = ofPod(await past(), pod);
    expect(
      events.find(({kind, plugin, error}) => kind === 'plugin-ended' && plugin === 'fault' && error),
    ).toMatchObject({
      command: 'ADD',
      error: expect.stringContaining('no address left'),
    });
    expect(events.find(({kind, rpc}) => kind === 'rpc-ended' && rpc === 'AttachInterface')).toMatchObject({
      status: 'UNAVAILABLE',
      error: expect.stringContaining('no address left'),
    });
    const cleanup = events.map(({kind}) => kind).filter((kind) => kind.startsWith('cleanup-'));
    expect(cleanup[0]).toBe('cleanup-began');
    expect(cleanup).toContain('cleanup-retried');
    expect(cleanup.indexOf('cleanup-pending')).toBeLessThan(cleanup.indexOf('cleanup-ended'));
    expect(cleanup.at(-1)).toBe('cleanup-ended');
  });

  it('show what the node itself does: readiness, and the start and the end of the runtime', async () => {
    const {events, child} = follow();
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    await until('it is connected', () => events.length > 0);
    await runtime.stop('SIGTERM');
    expect(await ended).toBe(0);
    expect(events.at(-1)).toMatchObject({kind: 'runtime-stopping'});
    await node.run(['sh', '-c', `rm -r ${paths.conf}; echo '[]' >${paths.state}/nodes.json`]);
    const other = await startRuntime(node);
    await other.kni.queryNodeNetworks({});
    const [first, second] = await past();
    expect(first).toMatchObject({kind: 'runtime-started'});
    expect(second).toMatchObject({kind: 'readiness', reason: 'KubeconfigMissing'});
    expect(second).not.toHaveProperty('ready');
    await other.stop('SIGTERM');
  });
});
