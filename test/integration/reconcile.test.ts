import {mkdir, rm, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {callRuntime} from '../../runtime/src/client/ask.ts';
import {Inspector} from '../../runtime/src/gen/inspector_pb.ts';
import {conflistOfNode} from '../../runtime/src/node/conflist-of-node.ts';
import {type Chain, installChain} from '../rig/node/chain.ts';
import {addressesOf, becomesWhole} from '../rig/node/invariants.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {portmap, tcpPort} from '../rig/node/portmap.ts';
import {paths, podCidr, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {scaled} from '../rig/node/scale.ts';
import {installPlugins} from '../rig/runtime/plugins.ts';
import {until} from '../rig/wait.ts';

describe('orphaned state', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  const bringUpMany = async (runtime: TestRuntime, name: string, count: number) => {
    const pods = Array.from({length: count}, (_, index) => newPod(`${name}-${index}`));
    const up: Awaited<ReturnType<typeof bringUp>>[] = [];
    for (let from = 0; from < count; from += 10)
      up.push(...(await Promise.all(pods.slice(from, from + 10).map((pod) => bringUp(runtime.kni, pod)))));
    return pods.map((pod, index) => ({pod, netns: up[index]?.netns ?? '', ip: up[index]?.ip ?? ''}));
  };
  /** The node's network, with a plugin that GC calls. */
  const writeCollected = async (dir: string) => {
    await mkdir(node.path(paths.conf), {recursive: true});
    const list = {
      cniVersion: '1.1.0',
      name: 'collected',
      plugins: [{type: 'fault', rig: dir, ownAddresses: true}],
    };
    await writeFile(node.path(`${paths.conf}/05-collected.conflist`), JSON.stringify(list));
  };
  /** The reconcile after the start would remove orphans before the test asks for it. */
  const startReconciled = async (flags?: readonly string[]) => {
    const runtime = await startRuntime(node, flags);
    await until('the reconcile after the start is over', () =>
      runtime.log.some(({msg}) => msg === 'reconciled records and node'),
    );
    return runtime;
  };
  const pullOut = (netns: readonly string[]) =>
    node.run(['sh', '-c', netns.map((path) => `umount ${path} && rm ${path}`).join(' && ')]);

  it('because its netns was deleted is undone, and nothing else is', async () => {
    await using chain: Chain = await installChain(node);
    const flags = chain.flags(inject('tools').pluginDir);
    const runtime = await startRuntime(node, flags);
    const count = scaled({usual: 6, soak: 50});
    const lost = await bringUpMany(runtime, 'lost', count);
    const live = await bringUpMany(runtime, 'live', count);
    await pullOut(lost.map(({netns}) => netns));
    await runtime.stop('SIGKILL');

    await using next = await startRuntime(node, flags);
    await becomesWhole(
      node,
      next.kni,
      [...lost, ...live].map(({pod}) => pod),
    );
    const dels = (await chain.calls()).filter(({call}) => call === 'fault DEL');
    const deleted = new Set(dels.map(({env}) => env['CNI_CONTAINERID']));
    expect(deleted).toEqual(new Set(lost.map(({pod}) => pod.sandbox)));
    const addresses = live.map(({ip}) => ip);
    expect(
      await addressesOf(
        next.kni,
        live.map(({pod}) => pod),
      ),
    ).toEqual(addresses);
    expect(new Set((await leftovers(node)).leases)).toEqual(new Set(addresses));
    for (const {pod, netns} of live) await takeDown(next.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('is a link to the netns of another program: only the link is removed', async () => {
    await using runtime = await startReconciled();
    await node.run(['ip', 'netns', 'add', 'other']);
    await node.run(['ln', '-s', `${paths.netns}/other`, `${paths.netns}/kni-link`]);
    const {removedNetns} = await callRuntime(node.path(paths.socket), (ask) =>
      ask(Inspector.method.reconcile, {}),
    );
    expect(removedNetns).toEqual([`${paths.netns}/kni-link`]);
    expect((await leftovers(node)).netns).toEqual(['other']);
    expect(await node.inPod(`${paths.netns}/other`, ['echo', 'entered'])).toContain('entered');
    await runtime.stop('SIGTERM');
  });

  it('is a veth on our bridge as the bridge plugin names them; other interfaces and bridges stay', async () => {
    const shared = {
      cniVersion: '1.0.0',
      name: 'shared',
      plugins: [{type: 'bridge', bridge: 'shared0', ipam: {type: 'host-local', subnet: '10.81.0.0/24'}}],
    };
    await mkdir(node.path(paths.conf), {recursive: true});
    await writeFile(node.path(`${paths.conf}/50-shared.conflist`), JSON.stringify(shared));
    const runtime = await startRuntime(node);
    const pod = newPod('live');
    const netns = await createNetwork(runtime.kni, pod);
    await attach(runtime.kni, pod, netns, {annotations: {'k8s.v1.cni.cncf.io/networks': 'shared'}});
    await runtime.stop('SIGKILL');
    const add = (name: string, peer: string, ...more: readonly string[]) =>
      `ip link add ${name} type veth peer name ${peer} && ip link set ${name} ${more.join(' ')} up`;
    await node.run(['sh', '-c', add('veth0badcafe', 'lost-peer', 'master', 'kni0')]);
    await node.run(['sh', '-c', add('foreign0', 'foreign-peer', 'master', 'kni0')]);
    await node.run(['sh', '-c', add('veth1badcafe', 'other-peer')]);
    await node.run(['sh', '-c', add('veth2badcafe', 'others-peer', 'master', 'shared0')]);
    const before = (await leftovers(node)).veths;

    await using next = await startRuntime(node);
    const gone = new Set(['veth0badcafe', 'lost-peer']);
    await until('it is removed', async () => !(await leftovers(node)).veths.includes('veth0badcafe'));
    const after = (await leftovers(node)).veths;
    expect(after.toSorted()).toEqual(before.filter((name) => !gone.has(name)).toSorted());
    await takeDown(next.kni, pod, netns);
  });

  it('is a veth that leads into no netns on record, although no result names an interface', async () => {
    await using plugins = await installPlugins(['fault']);
    await plugins.plan({'fault ADD': 'no-interfaces'});
    const list = JSON.parse(
      conflistOfNode({podCidrs: [podCidr], ipamDir: `${paths.state}/ipam`, mtu: undefined}),
    ) as {plugins: object[]};
    const nameless = {...list, plugins: [...list.plugins, {type: 'fault', rig: plugins.dir}]};
    await mkdir(node.path(paths.conf), {recursive: true});
    await writeFile(node.path(`${paths.conf}/05-nameless.conflist`), JSON.stringify(nameless));
    const flags = [`--cni-bin-dir=${inject('tools').pluginDir}:${plugins.binDir}`];
    const runtime = await startRuntime(node, flags);
    const up = await bringUpMany(runtime, 'live', 3);
    await runtime.stop('SIGKILL');
    const live = (await leftovers(node)).veths;
    expect(live).toHaveLength(3);
    // An alias, as people make them to look into a pod.
    await node.run(['ln', '-s', up[0]?.netns ?? '', '/run/netns/alias']);
    const link = (name: string, netns: string) =>
      `ip link add ${name} type veth peer name eth9 netns ${netns} && ip link set ${name} master kni0 up`;
    const holder = node.start(['unshare', '--net', 'sleep', 'infinity']);
    const isElsewhere = async () =>
      (await node.run(['readlink', `/proc/${holder.pid}/ns/net`])) !==
      (await node.run(['readlink', `/proc/${node.pid}/ns/net`]));
    await until('it has its own netns', isElsewhere);
    await node.run(['sh', '-c', link('veth0badcafe', String(holder.pid))]);
    await node.run(['sh', '-c', `ip netns add others && ${link('veth1badcafe', 'others')}`]);

    await using next = await startRuntime(node, flags);
    await until('it is removed', async () => !(await leftovers(node)).veths.includes('veth0badcafe'));
    const {removedLinks} = await callRuntime(node.path(paths.socket), (ask) =>
      ask(Inspector.method.reconcile, {}),
    );
    expect(removedLinks).toEqual([]);
    expect((await leftovers(node)).veths.toSorted()).toEqual([...live, 'veth1badcafe'].toSorted());
    for (const {pod, netns} of up) await takeDown(next.kni, pod, netns);
  });

  it('includes portmap chains of our network, but no chains of other networks and of existing pods', async () => {
    const runtime = await startReconciled();
    const pod = newPod('live');
    const {netns} = await bringUp(runtime.kni, pod, {portMappings: [tcpPort(8080)]});
    const forward = (network: string, sandbox: string, hostPort: number) =>
      portmap(node, network, sandbox, {hostPort, netns});
    await forward('kni', 'lost', 8081);
    await forward('podman', 'foreign', 8082);
    const jumps = async (id: string) =>
      (await Promise.all(['iptables', 'ip6tables'].map((tool) => node.run([tool, '-t', 'nat', '-S']))))
        .join('\n')
        .split('\n')
        .filter((rule) => rule.includes(id));
    const lostChain = /CNI-DN-[0-9a-f]+$/.exec((await jumps('id: \\"lost\\"'))[0] ?? '')?.[0] ?? '';
    const forged = `iptables -t nat -A CNI-HOSTPORT-DNAT -m comment --comment 'dnat name: "kni" id: "forged"' -j CNI-DN-0badcafe`;
    await node.run(['sh', '-c', `iptables -t nat -N CNI-DN-0badcafe && ${forged}`]);
    const found = await callRuntime(node.path(paths.socket), (ask) => ask(Inspector.method.reconcile, {}));
    expect(found).toMatchObject({removedChains: [lostChain], problems: []});
    expect(await jumps(lostChain)).toEqual([]);
    for (const id of [pod.sandbox, 'foreign', 'forged']) expect(await jumps(id)).not.toEqual([]);
    await takeDown(runtime.kni, pod, netns);
    expect(await jumps(pod.sandbox)).toEqual([]);
    await runtime.stop('SIGKILL');
  });

  it('does not include live pods when the netns directory has another path', async () => {
    const runtime = await startRuntime(node);
    const pod = newPod('live');
    const {netns, ip} = await bringUp(runtime.kni, pod);
    await runtime.stop('SIGKILL');
    const before = await leftovers(node);
    await node.run(['ln', '-s', paths.netns, '/run/other-netns']);
    await using next = await startRuntime(node, ['--netns-dir=/run/other-netns']);
    const found = await callRuntime(node.path(paths.socket), (ask) => ask(Inspector.method.reconcile, {}));
    expect(found).toMatchObject({removedNetns: [], releasedAddresses: [], removedLinks: [], undone: []});
    const {ipconfigs} = await next.kni.queryPodNetwork(identify(pod));
    expect(ipconfigs['eth0']?.ip).toEqual([ip]);
    expect(await leftovers(node)).toEqual(before);
    await takeDown(next.kni, pod, netns);
  });

  it('is left to GC of the plugins, which are told what is still attached, after DEL of the rest', async () => {
    await using plugins = await installPlugins(['fault']);
    await writeCollected(plugins.dir);
    const flags = [`--cni-bin-dir=${plugins.binDir}`];
    const runtime = await startRuntime(node, flags);
    const [gone, ...live] = await bringUpMany(runtime, 'pod', 4);
    await pullOut([gone?.netns ?? '']);
    await runtime.stop('SIGKILL');
    const earlier = (await plugins.calls()).length;

    await using next = await startRuntime(node, flags);
    const since = async () => (await plugins.calls()).slice(earlier);
    await until('GC has run', async () => (await since()).some(({call}) => call === 'fault GC'));
    const calls = await since();
    const order = calls.map(({call}) => call).filter((call) => /DEL|GC/.test(call));
    expect(order).toEqual(['fault DEL', 'fault GC']);
    const {stdin} = calls.find(({call}) => call === 'fault GC') ?? {stdin: '{}'};
    const valid = (JSON.parse(stdin) as Record<string, {containerID: string; ifname: string}[]>)[
      'cni.dev/valid-attachments'
    ];
    const expected = live.map(({pod}) => ({containerID: pod.sandbox, ifname: 'eth0'}));
    expect(new Set(valid)).toEqual(new Set(expected));
    for (const {pod, netns} of live) await takeDown(next.kni, pod, netns);
  });

  describe('in a network that another container runtime has as well', () => {
    const reconcileNow = () =>
      callRuntime(node.path(paths.socket), (ask) => ask(Inspector.method.reconcile, {}));

    it.each<[string, string, string]>([
      ['by a list', `${paths.othersConf}/99-any.conflist`, '{"name":"collected","plugins":[{"type":"x"}]}'],
      [
        'by a delegate',
        `${paths.othersConf}/00-multus.conf`,
        '{"name":"m","delegates":[{"name":"collected"}]}',
      ],
      ['by a file that is cut off', `${paths.othersConf}/99-any.conf`, '{"name":"collected","type":'],
      [
        'by an entry of libcni',
        `${paths.othersCache}/results/any`,
        '{"kind":"cniCacheV1","networkName":"collected"}',
      ],
      [
        'by an old entry of libcni',
        `${paths.othersCache}/cache/collected-box-eth0`,
        '{"cniVersion":"0.4.0"}',
      ],
    ])('%s stays, and GC does not run', async (_, path, text) => {
      await using plugins = await installPlugins(['fault']);
      await writeCollected(plugins.dir);
      const lease = node.path(`${paths.state}/ipam/collected/10.77.1.9`);
      await mkdir(dirname(node.path(path)), {recursive: true});
      await writeFile(node.path(path), text);
      await mkdir(dirname(lease), {recursive: true});
      await writeFile(lease, 'foreign\neth0');
      await using runtime = await startReconciled([`--cni-bin-dir=${plugins.binDir}`]);
      const {netns} = await bringUp(runtime.kni, newPod('live'));
      expect(netns).not.toBe('');
      const gc = async () => (await plugins.calls()).filter(({call}) => call === 'fault GC').length;
      expect(await reconcileNow()).toMatchObject({releasedAddresses: [], problems: []});
      expect(await gc()).toBe(0);

      await rm(node.path(path));
      expect(await reconcileNow()).toMatchObject({releasedAddresses: ['10.77.1.9'], problems: []});
      expect(await gc()).toBeGreaterThan(0);
    });
  });

  it('waits for a hanging DEL without holding up other calls', async () => {
    await using plugins = await installPlugins(['fault']);
    await writeCollected(plugins.dir);
    await using runtime = await startRuntime(node, [`--cni-bin-dir=${plugins.binDir}`]);
    const hanging = newPod('hanging');
    await bringUp(runtime.kni, hanging);
    const called = async (call: string) => (await plugins.calls()).some((each) => each.call === call);
    await until('the GC of the start is over', () => called('fault GC'));
    await plugins.plan({'fault DEL': 'hold'});
    const detaching = runtime.kni.detachInterface(identify(hanging));
    await until('DEL hangs', () => called('fault DEL'));
    const order: string[] = [];
    const reconciling = callRuntime(node.path(paths.socket), (ask) =>
      ask(Inspector.method.reconcile, {}),
    ).catch((error: unknown) => {
      order.push(String(error));
    });
    await delay(500); // by then it waits
    await createNetwork(runtime.kni, newPod('next'));
    order.push('created');
    await reconciling;
    expect(order).toEqual(['created', expect.stringContaining('calls in progress did not finish in time')]);
    await plugins.release();
    await detaching;
  });
});
