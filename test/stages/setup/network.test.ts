import {describe, expect, it} from 'vitest';
import {readChanges} from '../../../src/changes/record.ts';
import {readNetwork} from '../../../src/cluster/network-record.ts';
import {UserError} from '../../../src/errors.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import type {NetworkChoice} from '../../../src/networks/load.ts';
import type {Network} from '../../../src/networks/network.ts';
import {network} from '../../../src/stages/setup/network.ts';
import {rejection} from '../../rig/demo.ts';
import {running} from '../../rig/demo-cluster.ts';
import {control, demoOn, type FakeNodes, fakeNodes, worker} from '../../rig/fake-nodes.ts';

const leftovers = {links: [], paths: [], state: [], chains: []};
/** A CNI that installs itself. */
const agent: Network = {
  name: 'agent',
  cniName: 'cbr0',
  manifest: JSON.stringify({apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: {name: 'agent'}}),
  neededFiles: ['/run/agent.env'],
  leftovers: {...leftovers, links: ['agent0']},
  isKnown: true,
};
/** A configuration of the user. */
const mine: Network = {
  name: 'mine.conflist',
  cniName: 'mine',
  conflist: JSON.stringify({
    cniVersion: '1.0.0',
    name: 'mine',
    plugins: [{type: 'bridge', bridge: 'mine0', ipam: {subnet: '{{.PodCIDR}}'}}],
  }),
  neededFiles: [],
  leftovers: {...leftovers, links: ['mine0']},
  isKnown: true,
};

const environment = '/etc/kni/runtime.env';
const ownConflist = '/etc/kni/net.d/10-kni.conflist';
const ownFiles = {[environment]: 'KNI_RUNTIME_FLAGS=--backend=vxlan\n', [ownConflist]: '{"name":"kni"}\n'};

const setUp = async (nodes: FakeNodes) => {
  const demo = await demoOn(nodes);
  const {context} = demo;
  const {dirs} = context;
  const choosing = (cni: NetworkChoice | undefined) => ({
    ...context,
    cluster: {...context.cluster, ...(cni !== undefined && {cni})},
  });
  return {
    nodes,
    dirs,
    run: (cni?: NetworkChoice) => network.run(choosing(cni), running),
    done: async (cni?: NetworkChoice) => network.done?.(choosing(cni), running),
    record: () => readNetwork(dirs, 'test1'),
    /** The changes since the last call. */
    changes: () => nodes.changes.splice(0),
    [Symbol.asyncDispose]: () => demo[Symbol.asyncDispose](),
  };
};

/** Everything that switches one node, in order. */
const switched = (node: string, files: string, ...meanwhile: readonly string[]): readonly string[] =>
  [
    'systemctl stop kubelet',
    'release sandboxes',
    'systemctl stop kni',
    files,
    ...meanwhile,
    'systemctl start kni',
    'systemctl start kubelet',
  ].map((line) => `${node}: ${line}`);

const ownRemoved = `write ${environment}, rm ${ownConflist}`;

describe('the choice of the network for pods', () => {
  it('installs a CNI after both nodes are switched, without the bridge of kni-demo', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    expect(await demo.done(agent)).toBeUndefined();
    await demo.run(agent);
    expect(demo.changes()).toEqual([
      ...switched(control, ownRemoved, 'remove kni0'),
      ...switched(worker, ownRemoved, 'remove kni0'),
      'apply DaemonSet/agent',
    ]);
    expect(demo.nodes.files[worker]).toEqual({
      [environment]:
        'KNI_RUNTIME_FLAGS=--backend=none --foreign-network=cbr0 --needed-files=/run/agent.env --cni-conf-dir=/etc/cni/net.d\n',
    });
    expect(await demo.record()).toEqual({version: 1, network: agent, former: [], isComplete: true});
    expect(await demo.done(agent)).toBe('agent');
    expect(await demo.done()).toBe('agent');
  });

  it('gives each node the configuration of the user with its podCIDR', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(mine);
    expect(demo.changes()).toEqual(
      [control, worker].flatMap((node) =>
        switched(node, `${ownRemoved}, write /etc/kni/net.d/10-mine.conflist`, 'remove kni0'),
      ),
    );
    for (const [node, podCidr] of [
      [control, '10.244.0.0/24'],
      [worker, '10.244.1.0/24'],
    ] as const)
      expect(demo.nodes.files[node]).toMatchObject({
        [environment]: 'KNI_RUNTIME_FLAGS=--backend=vxlan --foreign-network=mine\n',
        '/etc/kni/net.d/10-mine.conflist': expect.stringContaining(podCidr),
      });
  });

  it('deletes the objects of the former network first, and then what it left on each node', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(agent);
    demo.changes();
    await demo.run(mine);
    const files = `write ${environment}, rm ${ownConflist}, write /etc/kni/net.d/10-mine.conflist`;
    expect(demo.changes()).toEqual([
      'delete DaemonSet/agent',
      ...switched(control, files, 'remove leftovers agent0', 'remove kni0'),
      ...switched(worker, files, 'remove leftovers agent0', 'remove kni0'),
    ]);
    expect(await demo.done('kni')).toBeUndefined();
    await demo.run('kni');
    const back = `rm /etc/kni/net.d/10-mine.conflist, write ${environment}`;
    expect(demo.changes()).toEqual([
      ...switched(control, back, 'remove leftovers mine0'),
      ...switched(worker, back, 'remove leftovers mine0'),
    ]);
    expect(await demo.record()).toEqual({version: 1, former: [], isComplete: true});
    expect(await demo.done('kni')).toBe('kni');
  });

  it('switches a node back if that fails, and continues with this node', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    demo.nodes.failing = `${worker}: remove kni0`;
    await rejection(demo.run(agent), CommandError);
    demo.nodes.failing = undefined;
    expect(demo.changes().filter((line) => line.startsWith('apply'))).toEqual([]);
    expect(demo.nodes.files[worker]).toEqual(ownFiles);
    expect(await readChanges(demo.dirs, 'test1')).toBeUndefined();
    const begun = {version: 1, network: agent, former: [], isComplete: false, switched: [control]};
    expect(await demo.record()).toEqual(begun);
    expect(await demo.done()).toBeUndefined();
    await demo.run();
    expect(demo.changes()).toEqual([...switched(worker, ownRemoved, 'remove kni0'), 'apply DaemonSet/agent']);
    expect(await demo.done()).toBe('agent');
  });

  it('removes both networks if the user chooses a third one after an interruption', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(agent);
    demo.nodes.failing = `${worker}: remove leftovers agent0`;
    await rejection(demo.run(mine), CommandError);
    demo.nodes.failing = undefined;
    demo.changes();
    expect((await demo.record()).former).toEqual([agent]);
    await demo.run('kni');
    const back = `rm /etc/kni/net.d/10-mine.conflist, write ${environment}`;
    const removed = ['remove leftovers agent0', 'remove leftovers mine0'];
    expect(demo.changes()).toEqual([
      'delete DaemonSet/agent',
      ...switched(control, back, ...removed),
      ...switched(worker, back, ...removed),
    ]);
    expect(await demo.record()).toEqual({version: 1, former: [], isComplete: true});
  });

  describe('between two manifests with the same CNI name', () => {
    const other: Network = {
      ...agent,
      name: 'other',
      manifest: JSON.stringify({apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: {name: 'other'}}),
      leftovers: {...leftovers, links: ['other0']},
    };
    const kept = `write ${environment}, rm ${ownConflist}`;
    const cleaned = ['remove leftovers agent0', 'remove kni0'];

    it('removes what the former left on all nodes before the latter starts', async () => {
      await using demo = await setUp(fakeNodes({files: ownFiles}));
      await demo.run(agent);
      demo.changes();
      expect(await demo.done(other)).toBeUndefined();
      await demo.run(other);
      expect(demo.changes()).toEqual([
        'delete DaemonSet/agent',
        ...switched(control, kept, ...cleaned),
        ...switched(worker, kept, ...cleaned),
        'apply DaemonSet/other',
      ]);
      expect(await demo.done()).toBe('other');
    });

    it('continues with the node that was not switched', async () => {
      await using demo = await setUp(fakeNodes({files: ownFiles}));
      await demo.run(agent);
      demo.nodes.failing = `${worker}: remove leftovers agent0`;
      await rejection(demo.run(other), CommandError);
      demo.nodes.failing = undefined;
      demo.changes();
      await demo.run();
      expect(demo.changes()).toEqual([
        'delete DaemonSet/agent',
        ...switched(worker, kept, ...cleaned),
        'apply DaemonSet/other',
      ]);
      expect(await demo.record()).toEqual({version: 1, network: other, former: [], isComplete: true});
    });

    it('switches all nodes if the user goes back after an interruption', async () => {
      await using demo = await setUp(fakeNodes({files: ownFiles}));
      await demo.run(agent);
      demo.nodes.failing = `${worker}: remove leftovers agent0`;
      await rejection(demo.run(other), CommandError);
      demo.nodes.failing = undefined;
      demo.changes();
      await demo.run(agent);
      const removed = ['remove leftovers other0', 'remove kni0'];
      expect(demo.changes()).toEqual([
        'delete DaemonSet/other',
        ...switched(control, kept, ...removed),
        ...switched(worker, kept, ...removed),
        'apply DaemonSet/agent',
      ]);
    });
  });

  it.each([
    ['manifest', agent],
    ['configuration', mine],
  ])('only records another name or list of leftovers for the same %s', async (_, former) => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(former);
    demo.changes();
    const renamed = {...former, name: 'renamed', leftovers: {...leftovers, links: ['more0']}};
    expect(await demo.done(renamed)).toBeUndefined();
    await demo.run(renamed);
    expect(demo.changes().filter((line) => !line.startsWith('apply'))).toEqual([]);
    expect(await demo.record()).toMatchObject({network: renamed, isComplete: true});
    expect(await demo.done(renamed)).toBe('renamed');
  });

  it('restores missing objects, and does not touch nodes that have the network', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(agent);
    demo.changes();
    demo.nodes.objects.clear();
    expect(await demo.done()).toBeUndefined();
    await demo.run();
    expect(demo.changes()).toEqual(['apply DaemonSet/agent']);
    expect(await demo.done()).toBe('agent');
  });

  it.each([
    ['other flags', environment, 'KNI_RUNTIME_FLAGS=--backend=vxlan\n'],
    ['the configuration of kni-demo, too', ownConflist, '{}\n'],
  ])('switches a node that has %s', async (_, path, text) => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    await demo.run(agent);
    demo.changes();
    Object.assign(demo.nodes.files[worker] ?? {}, {[path]: text});
    expect(await demo.done()).toBeUndefined();
    await demo.run();
    expect(demo.changes()).toEqual([...switched(worker, ownRemoved, 'remove kni0'), 'apply DaemonSet/agent']);
  });

  it.each([
    [
      "a network runtime of the user's own",
      {userRuntime: '# {"source":"/root/hello","id":"0123"}'},
      'KNI-E407',
    ],
    ['a missing plugin', {missingPlugins: ['bridge']}, 'KNI-E224'],
  ])('is refused with %s, before any change', async (_, options, errorCode) => {
    await using demo = await setUp(fakeNodes({files: ownFiles, ...options}));
    expect(await rejection(demo.run(mine), UserError)).toMatchObject({errorCode});
    expect(demo.changes()).toEqual([]);
    expect(await demo.record()).toEqual({version: 1, former: [], isComplete: true});
  });

  it('is refused if its record has an invalid configuration', async () => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    const conflist = (mine.conflist ?? '').replace('1.0.0', '9.0.0');
    expect(await rejection(demo.run({...mine, conflist}), UserError)).toMatchObject({
      errorCode: 'KNI-E224',
      why: expect.stringMatching(/^cniVersion: must be one of/),
    });
    expect(demo.changes()).toEqual([]);
  });

  it.each([
    ['172.18.7.0/24', 'its range 172.18.7.0/24 overlaps 172.18.0.0/16, the range of the nodes'],
    ['10.96.0.0/24', 'its range 10.96.0.0/24 overlaps 10.96.0.0/16, the range of Services'],
  ])('is refused with the range %s, before any change', async (subnet, why) => {
    await using demo = await setUp(fakeNodes({files: ownFiles}));
    const conflist = (mine.conflist ?? '').replace(
      '{"subnet":"{{.PodCIDR}}"}',
      `{"type":"host-local","subnet":"${subnet}"}`,
    );
    expect(await rejection(demo.run({...mine, conflist}), UserError)).toMatchObject({
      errorCode: 'KNI-E224',
      why,
    });
    expect(demo.changes()).toEqual([]);
  });
});
