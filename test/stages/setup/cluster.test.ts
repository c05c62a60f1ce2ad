import {access, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {kubeconfigOf, readRecord, writeRecord} from '../../../src/cluster/cluster.ts';
import {UserError} from '../../../src/errors.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Command, Host} from '../../../src/host/host.ts';
import {project} from '../../../src/project.ts';
import {removeCluster} from '../../../src/removals/clusters.ts';
import {loadStack} from '../../../src/stacks/load.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {demoPlan} from '../../../src/stages/demo.ts';
import {findCluster} from '../../../src/stages/lib/find-cluster.ts';
import {cluster as clusterTask} from '../../../src/stages/setup/cluster.ts';
import {scaleDownDns} from '../../../src/stages/setup/dns.ts';
import {nodesReady} from '../../../src/stages/setup/nodes-ready.ts';
import {
  engineId,
  inspectStarts,
  listNodeContainers,
  type NodeContainer,
  startContainers,
} from '../../../src/tools/docker.ts';
import {createCluster, deleteCluster, kindConfig} from '../../../src/tools/kind.ts';
import {getJson, kubectl} from '../../../src/tools/kubectl.ts';
import {demoContext, exchange, node, printed, rejection} from '../../rig/demo.ts';
import {fakeHost} from '../../rig/fake-host.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const fingerprint = '0123456789abcdef'.repeat(4);
const image = 'kni-demo/node:0123456789abcdef';
const plannedNodes = {image, system: '0123456789abcdef'};
const running = {
  fingerprint,
  fingerprintOf: () => fingerprint,
  signal: new AbortController().signal,
  log: () => undefined,
};
const made = (name: string, rest: Partial<NodeContainer> = {}): NodeContainer =>
  node(name, {image, mounts: '/lib/modules,/a-directory-of-ours', ...rest});
const cluster = [made('test1-control-plane'), made('test1-worker')];
const ps = (...nodes: readonly NodeContainer[]): string =>
  exchange(listNodeContainers('test1'), ...printed(...nodes));

const [file, args] = getJson('-n', 'kube-node-lease', 'leases');
const askLeases: Command = ['docker', ['exec', 'test1-control-plane', file, ...args]];
const startedAt = (time: string): string =>
  exchange(inspectStarts(cluster.map(({name}) => name)), ...cluster.map(({name}) => `/${name} ${time}`));
const leasesOf = (control: string, worker = control): string => {
  const times = {'test1-control-plane': control, 'test1-worker': worker};
  const items = Object.entries(times).map(([name, renewTime]) => ({metadata: {name}, spec: {renewTime}}));
  return JSON.stringify({items});
};
const [before, start, after] = [
  '2026-11-28T05:00:00.000000Z',
  '2026-11-28T05:00:10.123456789Z',
  '2026-11-28T05:00:20.000000Z',
];
/** Nodes that have reported since they were started. */
const reported = startedAt(start) + exchange(askLeases, leasesOf(after));

const given = async (dir: TempDir, transcript: string, rest: Partial<DemoContext> = {}) => {
  const owner = dir.join('state/kni-demo/clusters/test1/owner');
  await mkdir(owner, {recursive: true});
  const host = fakeHost(transcript.replaceAll('/a-directory-of-ours', owner));
  return {host, context: await demoContext(dir, host, {plannedNodes, ...rest})};
};
const kubeconfigIn = (dir: TempDir): string => dir.join('state/kni-demo/clusters/test1/kubeconfig');
const run = (context: DemoContext) => clusterTask.run(context, running);
const done = (context: DemoContext) => clusterTask.done?.(context, running);

/** Clusters that `up` must not touch. */
const refused: readonly [string, readonly NodeContainer[], string][] = [
  [
    'somebody else made it',
    [made('test1-control-plane', {stack: undefined, image: 'kindest/node:v1'})],
    'test1-control-plane runs the image kindest/node:v1',
  ],
  [
    'a part of it is foreign',
    [made('test1-control-plane'), made('test1-worker', {stack: undefined, image: 'kindest/node:v1'})],
    'test1-worker runs the image kindest/node:v1',
  ],
  [
    'it was made from another image',
    cluster.map((each) => ({...each, image: 'kni-demo/node:old'})),
    `test1-control-plane runs kni-demo/node:old; the current sources build ${image}`,
  ],
  ['it has more workers', [...cluster, made('test1-worker2')], 'it has 2 workers, not 1'],
  ['it has fewer workers', [made('test1-control-plane')], 'it has 0 workers, not 1'],
  [
    'it is another one, and stopped',
    cluster.map((each) => ({...each, image: 'kni-demo/node:old', running: false})),
    `test1-control-plane runs kni-demo/node:old; the current sources build ${image}`,
  ],
];

describe('whether the cluster is there', () => {
  it('is where all its nodes run, whether or not there is a record of it', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(dir, ps(...cluster) + reported + ps(...cluster) + reported);
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
    await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image});
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
    host.verify();
  });

  it('is where nodes have another network runtime, which can be replaced', async () => {
    await using dir = await tempDir();
    const other = cluster.map((each) => ({...each, image: 'kni-demo/node:old', system: '0123456789abcdef'}));
    const {context} = await given(dir, ps(...other) + reported);
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
  });

  it('is not before each node has reported since it was started, as after a reboot', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(
      dir,
      ps(...cluster) + startedAt(start) + exchange(askLeases, leasesOf(after, before)),
    );
    expect(await done(context)).toBeUndefined();
    host.verify();
  });

  it('is unknown while the API server does not answer', async () => {
    await using dir = await tempDir();
    const silent = exchange(askLeases, '2> connection refused', '[exit code 1]');
    const {context} = await given(dir, ps(...cluster) + startedAt(start) + silent);
    expect((await rejection(Promise.resolve(done(context)), CommandError)).lastLine).toBe(
      'connection refused',
    );
  });

  it.each([
    ['there are no nodes', []],
    ['one is stopped', [made('test1-control-plane'), made('test1-worker', {running: false})]],
  ])('is not where %s', async (_, nodes) => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(...nodes));
    expect(await done(context)).toBeUndefined();
  });

  it('is not done if its creation did not finish, whatever its state', async () => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(made('test1-control-plane', {image: 'kni-demo/node:old'})));
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    expect(await done(context)).toBeUndefined();
  });

  it.each(refused)('is refused where %s', async (_, nodes, why) => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(...nodes) + ps(...nodes) + ps(...nodes));
    const early = (each: DemoContext) => findCluster(each, running.signal);
    for (const attempt of [done, run, early]) {
      expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
        why,
        exitCode: exitCodes.conflict,
      });
    }
    expect(await readRecord(context.dirs, 'test1')).toBeUndefined();
  });

  it.each([
    ['a worker', 'test1-worker2', cluster],
    ['the control plane', 'test1-control-plane', [made('test1-worker'), made('test1-worker2')]],
  ])('is refused if the container of %s was removed', async (_, removed, left) => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(...left) + ps(...left));
    await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image, workers: 2});
    for (const attempt of [done, run])
      expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
        what: 'cluster test1 is incomplete',
        why: `the container of ${removed} was removed`,
        tryThis: 'recreate it: kni-demo down, then kni-demo up',
        exitCode: exitCodes.conflict,
      });
  });

  it.each([
    ['a worker', [made('test1-control-plane')], 'it has 0 workers, not 1'],
    ['the control plane', [made('test1-worker')], 'the container of test1-control-plane was removed'],
  ])(
    'is refused where %s was removed from a cluster of kni-demo 0.1.0, whose record has no number of workers',
    async (_, left, why) => {
      await using dir = await tempDir();
      const {context} = await given(dir, ps(...left) + ps(...left));
      await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image});
      for (const attempt of [done, run])
        expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
          why,
          exitCode: exitCodes.conflict,
        });
    },
  );

  it('is not refused early without a cluster, or with one that is recreated', async () => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps() + ps(made('test1-control-plane')));
    await expect(findCluster(context, running.signal)).resolves.toMatchObject({complete: false});
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    await expect(findCluster(context, running.signal)).resolves.toMatchObject({complete: false});
  });

  it('is unknown if docker does not answer', async () => {
    await using dir = await tempDir();
    const {context} = await given(dir, exchange(listNodeContainers('test1'), '[not found]'));
    expect((await rejection(Promise.resolve(done(context)), CommandError)).reason).toBe('not found');
  });
});

describe('making the cluster', () => {
  it('gives kind our configuration and a separate kubeconfig, and records its success', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(
      dir,
      ps() + exchange(engineId, 'engine-1') + exchange(createCluster('test1', kubeconfigIn(dir))),
    );
    await run(context);
    const {stack} = context;
    const owner = dir.join('state/kni-demo/clusters/test1/owner');
    expect(host.options.at(-1)?.input).toBe(
      kindConfig({name: 'test1', workers: 1, nodeImage: image, owner, network: stack.cluster}),
    );
    expect(await readRecord(context.dirs, 'test1')).toEqual({
      phase: 'complete',
      nodeImage: image,
      workers: 1,
      engine: 'engine-1',
    });
    host.verify();
  });

  it('remembers that it did not end well', async () => {
    await using dir = await tempDir();
    const failing =
      exchange(engineId, 'engine-1') +
      exchange(createCluster('test1', kubeconfigIn(dir)), '2> ERROR: failed', '[exit code 1]');
    const {context} = await given(dir, ps() + exchange(engineId, 'engine-1') + failing);
    await rejection(run(context), CommandError);
    expect(await readRecord(context.dirs, 'test1')).toEqual({
      phase: 'creating',
      nodeImage: image,
      workers: 1,
      engine: 'engine-1',
    });
  });

  it('names the phase in which kubeadm failed, and shows no Go stack frames', async () => {
    await using dir = await tempDir();
    const printedByKind = [
      ' ✗ Starting control-plane 🕹️',
      'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec test1-control-plane kubeadm init" failed with error: exit status 1',
      'Command Output: I1128 05:47:21.000000 153 initconfiguration.go:246] loading configuration',
      "couldn't initialize a Kubernetes cluster",
      'k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/init.runWaitControlPlanePhase',
      '\t/build/src/k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/init/waitcontrolplane.go:114',
      'error execution phase wait-control-plane',
      'k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1',
      '\t/build/src/k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:235',
      'github.com/spf13/cobra.(*Command).execute',
      'main.main',
      '\t_output/dockerized/go/src/k8s.io/kubernetes/cmd/kubeadm/kubeadm.go:25',
      'runtime.goexit',
      '\t/usr/local/go/src/runtime/asm_amd64.s:1371',
    ];
    const lines = printedByKind.map((line) => `2> ${line}`);
    const failing = exchange(createCluster('test1', kubeconfigIn(dir)), ...lines, '[exit code 1]');
    const {context} = await given(dir, ps() + exchange(engineId, 'engine-1') + failing);
    const said: string[] = [];
    const running1 = {...running, log: (line: string) => void said.push(line)};
    expect(await rejection(clusterTask.run(context, running1), UserError)).toMatchObject({
      what: 'kind could not create cluster test1',
      why: [
        'kind failed at the step "Starting control-plane"',
        'failed to init node with kubeadm',
        'kubeadm failed in phase wait-control-plane',
      ].join('\n'),
    });
    expect(said).toEqual([0, 1, 2, 3, 6].map((index) => printedByKind[index]));
  });

  it('does not overwrite the record of a cluster in another engine', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(dir, ps() + exchange(engineId, 'engine-1'));
    const record = {phase: 'complete', nodeImage: image, engine: 'engine-2'} as const;
    await writeRecord(context.dirs, 'test1', record);
    expect(await rejection(run(context), UserError)).toMatchObject({
      what: 'cluster test1 exists in another docker engine',
      exitCode: exitCodes.conflict,
    });
    expect(await readRecord(context.dirs, 'test1')).toEqual(record);
    host.verify();
  });

  it('starts over after a cancelled run', async () => {
    await using dir = await tempDir();
    const kubeconfig = kubeconfigIn(dir);
    const {host, context} = await given(
      dir,
      ps(made('test1-control-plane')) +
        exchange(deleteCluster('test1', kubeconfig)) +
        exchange(engineId, 'engine-1') +
        exchange(createCluster('test1', kubeconfig)),
    );
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: 'kni-demo/node:old'});
    await run(context);
    expect(host.ran.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'docker ps',
      'kind delete',
      'docker info',
      'kind create',
    ]);
    expect(await readRecord(context.dirs, 'test1')).toEqual({
      phase: 'complete',
      nodeImage: image,
      workers: 1,
      engine: 'engine-1',
    });
  });

  it.each([
    'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "test1"',
    'docker: Error response from daemon: Conflict. The container name "/test1-worker" is already in use by container "abc".',
  ])('removes late containers of a cancelled run, and starts over: %s', async (conflict) => {
    await using dir = await tempDir();
    const kubeconfig = kubeconfigIn(dir);
    const taken = exchange(createCluster('test1', kubeconfig), `2> ${conflict}`, '[exit code 1]');
    const {host, context} = await given(
      dir,
      ps() +
        exchange(engineId, 'engine-1') +
        taken +
        ps(made('test1-worker')) +
        exchange(deleteCluster('test1', kubeconfig)) +
        exchange(createCluster('test1', kubeconfig)),
    );
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    await run(context);
    host.verify();
    expect(host.options.at(-1)?.input).toContain('name: test1');
    expect(await readRecord(context.dirs, 'test1')).toMatchObject({phase: 'complete'});
  });

  it('removes containers that the engine still creates after the run was cancelled', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(
      dir,
      ps() +
        exchange(engineId, 'engine-1') +
        ps() +
        ps(made('test1-worker')) +
        ps(...cluster) +
        ps(...cluster) +
        exchange(deleteCluster('test1', kubeconfigIn(dir))),
    );
    const cancel = new AbortController();
    const cancelling: Host = {
      run: async (command, options) => {
        if (command[1][0] !== 'create') return host.run(command, options);
        options?.onLine?.(' • Preparing nodes 📦 📦  ...');
        cancel.abort();
        throw new CommandError(command, {reason: 'cancelled'});
      },
    };
    const cancelled = clusterTask.run({...context, host: cancelling}, {...running, signal: cancel.signal});
    expect((await rejection(Promise.resolve(cancelled), CommandError)).reason).toBe('cancelled');
    host.verify();
    expect(host.ran.at(-1)).toContain('kind delete cluster');
    expect(await readRecord(context.dirs, 'test1')).toMatchObject({phase: 'creating'});
  });

  it('removes no late containers without a cancelled run, or of another owner', async () => {
    await using dir = await tempDir();
    const conflict = '2> node(s) already exist for a cluster with the name "test1"';
    const taken = exchange(createCluster('test1', kubeconfigIn(dir)), conflict, '[exit code 1]');
    const foreign = made('test1-worker', {stack: undefined, image: 'kindest/node:v1'});
    const engine = exchange(engineId, 'engine-1');
    const {host, context} = await given(dir, ps() + engine + taken + ps() + engine + taken + ps(foreign));
    await rejection(run(context), CommandError);
    expect(await rejection(run(context), UserError)).toMatchObject({exitCode: exitCodes.conflict});
    expect(host.ran.filter((line) => line.startsWith('kind delete'))).toEqual([]);
  });

  it('does not delete a cluster that another owner has created meanwhile', async () => {
    await using dir = await tempDir();
    const {host, context} = await given(dir, ps(made('test1-control-plane', {stack: undefined})));
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    expect((await rejection(run(context), UserError)).exitCode).toBe(exitCodes.conflict);
    expect(host.ran).toHaveLength(1);
  });

  it('starts nodes that are stopped, and waits until all have renewed their leases since', async () => {
    await using dir = await tempDir();
    const stopped = cluster.map((each) => ({...each, running: false}));
    const {host, context} = await given(
      dir,
      ps(...stopped) +
        exchange(startContainers(['test1-control-plane', 'test1-worker'])) +
        startedAt(start) +
        exchange(askLeases, '2> connection refused', '[exit code 1]') +
        exchange(askLeases, leasesOf(after, before)) +
        exchange(askLeases, leasesOf(after)),
    );
    await run(context);
    host.verify();
    expect(host.ran).toHaveLength(6);
  });
});

describe('removing the cluster', () => {
  it('removes what is kept of it too, after it is gone', async () => {
    await using dir = await tempDir();
    const kubeconfig = kubeconfigIn(dir);
    const {context} = await given(
      dir,
      exchange(deleteCluster('test1', kubeconfig), '[exit code 1]') +
        exchange(deleteCluster('test1', kubeconfig)),
    );
    await mkdir(join(kubeconfig, '..'), {recursive: true});
    await writeFile(kubeconfigOf(context.dirs, 'test1'), 'secret');
    await rejection(removeCluster(context, 'test1', running.signal), CommandError);
    await access(kubeconfig);
    await removeCluster(context, 'test1', running.signal);
    await expect(access(kubeconfig)).rejects.toThrow('ENOENT');
  });
});

describe('CoreDNS', () => {
  const on = (command: readonly [string, readonly string[]]) =>
    ['docker', ['exec', 'test1-control-plane', command[0], ...command[1]]] as const;
  const get = on(getJson('-n', 'kube-system', 'deployment', 'coredns', '--ignore-not-found'));

  it.each([
    ['', 'no deployment'],
    ['{"spec":{"replicas":0}}', 'no replicas'],
    ['{"spec":{"replicas":2}}', undefined],
    ['{"spec":{}}', undefined],
  ])('of %j: %j', async (deployment, answer) => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(...cluster) + exchange(get, deployment));
    expect(await scaleDownDns.done?.(context, running)).toBe(answer);
  });

  it('is scaled to nothing', async () => {
    await using dir = await tempDir();
    const scale = on(kubectl('-n', 'kube-system', 'scale', 'deployment', 'coredns', '--replicas=0'));
    const {host, context} = await given(dir, ps(...cluster) + exchange(scale));
    await scaleDownDns.run(context, running);
    expect(() => host.verify()).not.toThrow();
  });
});

describe('the nodes', () => {
  const get = ['docker', ['exec', 'test1-control-plane', ...getJson('nodes').flat()]] as const;
  const items = (...ready: readonly string[]): string =>
    JSON.stringify({
      items: ready.map((status, index) => ({
        metadata: {name: `node${index}`},
        status: {conditions: [{type: 'Ready', status, message: 'KNI: no answer'}]},
      })),
    });

  it.each([
    ['all are Ready', items('True', 'True'), '2 nodes Ready'],
    ['one is not', items('True', 'False'), undefined],
    ['one has not come yet', items('True'), undefined],
    ['none has come yet', items(), undefined],
  ])('are Ready where %s', async (_, nodes, answer) => {
    await using dir = await tempDir();
    const {context} = await given(dir, ps(...cluster) + exchange(get, nodes));
    expect(await nodesReady.done?.(context, running)).toBe(answer);
  });

  it('are waited for, saying each reason once', async () => {
    await using dir = await tempDir();
    const answers = [items('True'), items('True', 'False'), items('True', 'False'), items('True', 'True')];
    const {context} = await given(dir, ps(...cluster) + answers.map((each) => exchange(get, each)).join(''));
    const said: string[] = [];
    await nodesReady.run(context, {...running, log: (line) => void said.push(line)});
    expect(said).toEqual(['1 of 2 nodes', 'node1: KNI: no answer', '2 of 2 nodes']);
  });
});

describe('after a reboot', () => {
  it('nothing of the cluster is judged before its nodes have reported', async () => {
    const {tasks} = demoPlan(await loadStack('bookworm', project.stacks));
    const needing = (id: string): readonly string[] => {
      const needs = tasks.get(id)?.needs ?? [];
      return [...needs, ...needs.flatMap(needing)];
    };
    const judging = [...tasks.values()].filter(
      (task) => /^(setup|verify)\//.test(task.id) && task.done !== undefined,
    );
    expect(judging.map(({id}) => id)).toContain('verify/sample-pod');
    expect(judging.filter(({live}) => live !== true)).toEqual([]);
    const unordered = judging.filter(
      ({id}) => id !== clusterTask.id && !needing(id).includes(clusterTask.id),
    );
    expect(unordered).toEqual([]);
  });

  it('nothing is verified beside the change of the flags, which restarts the network runtimes', async () => {
    const {tasks} = demoPlan(await loadStack('bookworm', project.stacks));
    expect(tasks.get('setup/nodes-ready')?.needs).toContain('setup/runtime-flags');
    expect(tasks.get('verify/sample-pod')?.needs).toContain('setup/runtime-flags');
  });
});
