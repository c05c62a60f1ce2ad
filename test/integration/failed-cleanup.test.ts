import {afterEach, beforeAll, describe, expect, inject, it} from 'vitest';
import type {Chain} from '../rig/node/chain.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import type {TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, type TestPod, takeDown} from '../rig/node/pod.ts';
import {paths, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const annotation = 'k8s.v1.cni.cncf.io/networks';
const FAILED_PRECONDITION = 9;
const unauthorized = 'error(999,Unauthorized)';

/** Of a network that pods choose, for a plugin that needs an interface which is missing. */
const macvlanConfig = (name: string, fields: object = {}) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'macvlan',
        master: 'missing0',
        ipam: {type: 'host-local', dataDir: `${paths.state}/ipam`, ranges: [[{subnet: '10.84.0.0/24'}]]},
        ...fields,
      },
    ],
  });

describe('a DEL that keeps failing', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  /** With so little time until it is given up that a slow machine may not see it fail, or with the usual time. */
  const start = async (...flags: string[]) => {
    runtime = await startRuntime(node, [
      ...chain.flags(inject('tools').pluginDir),
      '--pending-limit=2',
      ...flags,
    ]);
  };
  const restart = async (...flags: string[]) => {
    await runtime.stop('SIGTERM');
    await start(...flags);
  };
  beforeAll(async () => {
    const definitions = ['wrong', 'wronger'].map((name) => ({
      namespace: 'default',
      name,
      config: macvlanConfig(name, name === 'wronger' ? {mtu: '1500'} : {}),
    }));
    const started = await startNodeWithChain(['--pending-limit=2'], {[paths.definitions]: definitions});
    ({node, chain, runtime} = started);
    return started.stop;
  });
  afterEach(async () => {
    await chain.plan({});
    await command('pending', '--retry');
    for (const {network} of await pending())
      await command('forget', network.correlation, '--yes').catch(() => undefined); // a retry has ended it
  });

  /** One of the runtime's commands, as people type them. */
  const command = async (...args: string[]) =>
    JSON.parse(await node.run([process.execPath, inject('runtimeFile'), ...args])) as {
      cleanups?: {network: {correlation: string; state: string}; networks: string[]; cause: string}[];
      removed?: string[];
    };
  const pending = async () => (await command('pending')).cleanups ?? [];
  const detach = (pod: TestPod) => runtime.kni.detachInterface(identify(pod));
  const delUntilPending = async (pod: TestPod, netns: string) => {
    await until('the cleanup is given up', () =>
      detach(pod).then(
        () => true,
        () => false,
      ),
    );
    await runtime.kni.deleteNetwork({...identify(pod), netnsPath: netns});
  };

  it('is pending after --give-up-after: the netns is gone, the address stays reserved, and all can see it', async () => {
    await restart('--give-up-after=1');
    const pod = newPod('stuck');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    await chain.plan({'fault DEL': unauthorized});
    await delUntilPending(pod, netns);
    expect(await leftovers(node)).toMatchObject({netns: [], leases: [ip], veths: []});
    expect(await pending()).toMatchObject([
      {
        network: {state: 'pending', name: 'stuck', sandbox: pod.sandbox},
        networks: ['kni'],
        cause: expect.stringMatching(/^network kni: CNI plugin fault failed to DEL: Unauthorized/) as string,
      },
    ]);
    const {networks} = await runtime.kni.queryNodeNetworks({});
    expect(networks[0]).toMatchObject({ready: true, extradata: {unfinished_cleanups: '1'}});
    const metrics = await node.run([
      process.execPath,
      '-e',
      `fetch('http://127.0.0.1:9465/metrics').then(async (answer) => console.log(await answer.text()))`,
    ]);
    expect(metrics).toContain('kni_pending_cleanups{network="kni"} 1\n');
    expect(runtime.log.map(({msg}) => msg)).toContain('cleanup is pending: DEL keeps failing');

    await runtime.stop('SIGKILL');
    await start();
    expect(await pending()).toHaveLength(1);
    await chain.plan({});
    await command('pending', '--retry');
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('is ended by a person with forget, which removes what is known and needs --yes', async () => {
    await restart();
    const pod = newPod('forgotten');
    const portMappings = [{containerPort: 80, hostPort: 18084}];
    const {netns} = await bringUp(runtime.kni, pod, {portMappings});
    await chain.plan({'fault DEL': unauthorized});
    await expect(detach(pod)).rejects.toMatchObject({code: 13});
    const [{network} = {network: {correlation: ''}}] = await pending();
    await expect(command('forget', network.correlation)).rejects.toThrow(/ended with 1: .*--yes/s);
    expect(await leftovers(node)).toMatchObject({netns: [netns.split('/').at(-1)]});
    const {removed} = await command('forget', network.correlation, '--yes');
    expect(removed?.length).toBeGreaterThan(0);
    expect(await leftovers(node)).toEqual(nothing);
    await takeDown(runtime.kni, pod, netns); // the kubelet still calls
    await expect(command('forget', 'unknown', '--yes')).rejects.toThrow('NOT_FOUND');
  });

  it('refuses another netns to the pod, and a host port that it holds to others', async () => {
    await restart();
    const pod = newPod('holder');
    const portMappings = [{containerPort: 80, hostPort: 18085}];
    await bringUp(runtime.kni, pod, {portMappings});
    await chain.plan({'fault DEL': unauthorized});
    await expect(detach(pod)).rejects.toMatchObject({code: 13});
    await expect(createNetwork(runtime.kni, pod, '1')).rejects.toMatchObject({
      code: FAILED_PRECONDITION,
      details: expect.stringContaining('network kni: CNI plugin fault failed to DEL: Unauthorized') as string,
    });
    expect((await leftovers(node)).netns).toHaveLength(1);
    const successor = newPod('successor');
    const netns = await createNetwork(runtime.kni, successor);
    await expect(attach(runtime.kni, successor, netns, {portMappings})).rejects.toMatchObject({
      code: FAILED_PRECONDITION,
      details: expect.stringContaining(
        'host port 18085/tcp is still held by an earlier sandbox of pod default/holder',
      ) as string,
    });
    await chain.plan({});
    await attach(runtime.kni, successor, netns, {portMappings});
    await takeDown(runtime.kni, successor, netns);
    await takeDown(runtime.kni, pod, '');
  });

  it.each(['wrong', 'wronger'])(
    'of network %s holds as many sandboxes as its limit, and then refuses pods',
    async (network) => {
      await restart('--give-up-after=1');
      const annotations = {[annotation]: network};
      const refused: number[] = [];
      for (let number = 1; number <= 5; number++) {
        const pod = newPod(`pod-${number}`);
        const netns = await createNetwork(runtime.kni, pod);
        const error = await attach(runtime.kni, pod, netns, {annotations}).catch((reason: unknown) => reason);
        expect(error).toMatchObject({code: expect.any(Number) as number});
        if (String((error as {details?: string}).details).includes('refuses further pods'))
          refused.push(number);
        await until('it can be taken down', () =>
          takeDown(runtime.kni, pod, netns).then(
            () => true,
            () => false,
          ),
        );
      }
      expect(refused).toEqual([3, 4, 5]);
      const left = await pending();
      expect(left.map(({network: {state}, networks}) => [state, networks])).toEqual([
        ['pending', [network]],
        ['pending', [network]],
      ]);
      expect(await leftovers(node)).toMatchObject({netns: [], veths: []});
      const plain = newPod('plain'); // other networks are not affected
      const {netns} = await bringUp(runtime.kni, plain);
      await takeDown(runtime.kni, plain, netns);
    },
  );

  it('leaves no file of a netns that a restart of the node has unmounted', async () => {
    const {netns} = await bringUp(runtime.kni, newPod('rebooted'));
    await chain.plan({'fault DEL': unauthorized});
    await node.run(['umount', netns]);
    await restart();
    await until('the reconcile after the start is over', () =>
      runtime.log.some(({msg}) => msg === 'reconciled records and node'),
    );
    expect((await leftovers(node)).records).toHaveLength(1);
    await chain.plan({});
    await command('pending', '--retry');
    await until('its record is dropped', async () => (await leftovers(node)).records.length === 0);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
