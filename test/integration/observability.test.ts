import {setTimeout as delay} from 'node:timers/promises';
import {beforeAll, describe, expect, inject, it} from 'vitest';
import {callRuntime} from '../../runtime/src/client/ask.ts';
import {Health, HealthCheckResponse_ServingStatus as Serving} from '../../runtime/src/gen/health_pb.ts';
import {type Chain} from '../rig/node/chain.ts';
import {errorInfoOf} from '../rig/node/error-info.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

describe('a network runtime that is asked about itself', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithChain(['--plugin-timeout=5', '--log-level=debug']);
    ({node, chain, runtime} = started);
    return started.stop;
  });

  const get = (path: string) =>
    node.run([
      process.execPath,
      '-e',
      `fetch('http://127.0.0.1:9465${path}').then(async (answer) => console.log(answer.status, await answer.text()))`,
    ]);
  /** One of its commands, as people type them. */
  const command = (...args: string[]) => node.run([process.execPath, inject('runtimeFile'), ...args]);

  it('counts its calls, plugins and networks', async () => {
    const pod = newPod('counted');
    const {netns} = await bringUp(runtime.kni, pod);
    const unlucky = newPod('unlucky');
    const other = await createNetwork(runtime.kni, unlucky);
    await chain.plan({'fault ADD': 'error'});
    await attach(runtime.kni, unlucky, other).catch(() => undefined);
    await chain.plan({});
    const metrics = await until('metrics are served', () => get('/metrics'));
    expect(metrics).toMatch(/^200 /);
    for (const line of [
      'kni_rpc_duration_seconds_count{rpc="AttachInterface",grpc_code="OK"} 1',
      'kni_rpc_duration_seconds_count{rpc="AttachInterface",grpc_code="UNAVAILABLE"} 1',
      'kni_plugin_duration_seconds_count{plugin="fault",command="ADD",outcome="ok"} 1',
      'kni_plugin_duration_seconds_count{plugin="fault",command="ADD",outcome="cni_11"} 1',
      'kni_plugin_duration_seconds_count{plugin="bridge",command="ADD",outcome="ok"} 2',
      'kni_pod_networks{state="attached"} 1',
      'kni_pod_networks{state="created"} 1',
      'kni_attachments{network="kni"} 1',
      'kni_undo_pending 0',
      'kni_records_quarantined 0',
    ]) {
      expect(metrics).toContain(`${line}\n`);
    }
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
    ])
      expect(metrics).toMatch(new RegExp(`^${name} [1-9]|^${name} 0\\.\\d`, 'm'));
    await takeDown(runtime.kni, pod, netns);
    await takeDown(runtime.kni, unlucky, other);
    expect(await get('/metrics')).toContain('kni_pod_networks{state="attached"} 0\n');
  });

  it('logs that its event loop was blocked', async () => {
    const {pid} = runtime.process;
    if (pid === undefined) throw new Error('it does not run');
    process.kill(pid, 'SIGSTOP');
    await delay(1_500);
    process.kill(pid, 'SIGCONT');
    const said = () => runtime.log.find(({msg}) => msg === 'the event loop was blocked');
    await until('it is said', () => said() !== undefined);
    expect(Number(said()?.['ms'])).toBeGreaterThan(500);
    expect(await get('/metrics')).toMatch(/^kni_event_loop_stalls_total [1-9]/m);
  });

  it('returns a machine-readable reason for a failed call', async () => {
    const pod = newPod('refused');
    const netns = await createNetwork(runtime.kni, pod);
    await chain.plan({'fault ADD': 'error'});
    const error: unknown = await attach(runtime.kni, pod, netns).catch((reason: unknown) => reason);
    await chain.plan({});
    const failed = () =>
      runtime.log.find(({msg, pod: of}) => msg === 'AttachInterface failed' && of === 'default/refused');
    await until('it is said', () => failed() !== undefined);
    const correlation = failed()?.['correlation'];
    expect(errorInfoOf(error)).toEqual({
      code: 14,
      reason: 'CNI_11',
      domain: 'kni.dev',
      metadata: {
        plugin: 'fault',
        command: 'ADD',
        cni_code: '11',
        msg: 'no address left',
        details: 'in the range',
        correlation,
      },
    });
    expect(correlation).toMatch(new RegExp(`^${pod.uid}-[0-9a-f]{8}$`));
    await takeDown(runtime.kni, pod, netns);
  });

  it('gives every line about a sandbox the same id, from CreateNetwork on', async () => {
    const pod = newPod('followed');
    const {netns} = await bringUp(runtime.kni, pod);
    await runtime.kni.queryPodNetwork(identify(pod));
    await takeDown(runtime.kni, pod, netns);
    const linesOfPod = () =>
      runtime.log.filter((line) => line['sandbox'] === pod.sandbox || line['pod'] === `default/${pod.name}`);
    await until('it is said', () => linesOfPod().at(-1)?.msg === 'DeleteNetwork ok');
    const lines = linesOfPod();
    const ids = new Set(lines.map(({correlation}) => correlation));
    expect([...ids]).toEqual([expect.stringMatching(new RegExp(`^${pod.uid}-`))]);
    expect(lines.map(({msg}) => msg)).toEqual(
      expect.arrayContaining([
        'CreateNetwork ok',
        'bridge ADD ok',
        'AttachInterface ok',
        'fault DEL ok',
        'DeleteNetwork ok',
      ]),
    );
  });

  it('returns further facts from the plugins with the addresses', async () => {
    const pod = newPod('whole');
    const netns = await createNetwork(runtime.kni, pod);
    const answer = await runtime.kni.attachInterface({
      ...identify(pod),
      isolation: {path: netns, type: 'netns'},
    });
    const ip = answer.ipconfigs['eth0']?.ip[0];
    expect(answer.ipconfigs['eth0']?.extradata).toMatchObject({
      prefixes: `${ip}/24`,
      gateway: '10.77.1.1',
      network: 'kni',
    });
    expect(answer.extradata['netns']).toBe(netns);
    expect(await runtime.kni.queryPodNetwork(identify(pod))).toEqual(
      expect.objectContaining({ipconfigs: answer.ipconfigs, extradata: answer.extradata}),
    );
    await takeDown(runtime.kni, pod, netns);
  });

  it('answers the commands of its program', async () => {
    const pod = newPod('shown');
    const {netns, ip, mac} = await bringUp(runtime.kni, pod);
    expect(JSON.parse(await command('networks'))).toMatchObject({networks: [{name: 'kni', ready: true}]});
    expect(JSON.parse(await command('health'))).toEqual({status: 'SERVING'});
    expect(JSON.parse(await command('pods'))).toMatchObject({networks: [{name: 'shown', state: 'attached'}]});
    const inspected: unknown = JSON.parse(await command('inspect', 'default/shown'));
    expect(inspected).toMatchObject({
      network: {
        correlation: expect.stringMatching(new RegExp(`^${pod.uid}-`)),
        sandbox: pod.sandbox,
        netns,
        interfaces: [
          {name: 'eth0', mac, network: 'kni', addresses: [{cidr: `${ip}/24`, gateway: '10.77.1.1'}]},
        ],
      },
      attachments: [
        {
          network: 'kni',
          plugins: expect.arrayContaining(['bridge', 'portmap', 'fault']),
          hostInterfaces: ['kni0', expect.stringMatching(/^veth/)],
          routes: [{to: '0.0.0.0/0'}],
        },
      ],
    });
    await takeDown(runtime.kni, pod, netns);
    await expect(command('inspect', 'default/shown')).rejects.toThrow(
      /ended with 1: kni-runtime: NOT_FOUND: unknown pod$/,
    );
    await expect(command('inspect', 'shown')).rejects.toThrow(/ended with 2: .*NAMESPACE\/NAME$/);
    expect(JSON.parse(await command('reconcile'))).toMatchObject({undone: [], problems: []});
    await expect(command('dance')).rejects.toThrow(/ended with 2: kni-runtime: unknown command dance/);
    await expect(command('pods', '--socket=/run/none')).rejects.toThrow(
      /ended with 1: kni-runtime: UNAVAILABLE: no server is listening on \/run\/none$/,
    );
  });

  it('is unhealthy while its state cannot be written, with that reason', async () => {
    const health = () =>
      callRuntime(node.path(paths.socket), async (ask) => (await ask(Health.method.check, {})).status);
    expect(await health()).toBe(Serving.SERVING);
    expect(await get('/healthz')).toBe('200 ok\n\n');
    await node.run(['mount', '--bind', '-o', 'ro', paths.state, paths.state]);
    await node.run(['mount', '-o', 'remount,ro,bind', paths.state]);
    await until('it notices', async () => (await health()) === Serving.NOT_SERVING);
    expect(await get('/healthz')).toContain('503 the state directory is not writable: EROFS');
    await node.run(['umount', paths.state]);
    await until('it recovers', async () => (await health()) === Serving.SERVING);
  });

  it('runs without metrics if the port is in use', async () => {
    await using other = await startNode();
    await rememberNodes(other);
    const taker = other.start([
      process.execPath,
      '-e',
      "require('node:net').createServer().listen(9465, '127.0.0.1', () => console.log('listening'))",
    ]);
    await new Promise((resolve) => {
      taker.stdout?.once('data', resolve);
    });
    const running = await startRuntime(other);
    expect((await running.kni.queryNodeNetworks({})).networks).toHaveLength(1);
    const said = () => running.log.find(({msg}) => msg === 'cannot serve metrics');
    await until('the reason is logged', () => said() !== undefined);
    expect(said()).toMatchObject({level: 'warn'});
  });
});
