import {describe, expect, it} from 'vitest';
import {readRecord, writeRecord} from '../../../src/cluster/cluster.ts';
import {UserError} from '../../../src/errors.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Host} from '../../../src/host/host.ts';
import {cluster as clusterTask} from '../../../src/stages/setup/cluster.ts';
import {engineId, startContainers} from '../../../src/tools/docker.ts';
import {createCluster, deleteCluster, kindConfig} from '../../../src/tools/kind.ts';
import {exchange, rejection} from '../../rig/demo.ts';
import {
  after,
  askLeases,
  before,
  cluster,
  demoWith,
  image,
  kubeconfigIn,
  leasesOf,
  makeCluster,
  ownNode,
  ps,
  running,
  start,
  startedAt,
} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('making the cluster', () => {
  it('gives kind our configuration and a separate kubeconfig, and records its success', async () => {
    await using dir = await tempDir();
    const {host, context} = await demoWith(
      dir,
      ps() + exchange(engineId, 'engine-1') + exchange(createCluster('test1', kubeconfigIn(dir))),
    );
    await makeCluster(context);
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

  it("records the path of the user's stack file, from which later commands read the stack", async () => {
    await using dir = await tempDir();
    const {context} = await demoWith(
      dir,
      ps() + exchange(engineId, 'engine-1') + exchange(createCluster('test1', kubeconfigIn(dir))),
      {stackFile: '/home/me/roomy.yaml'},
    );
    await makeCluster(context);
    expect(await readRecord(context.dirs, 'test1')).toMatchObject({stackFile: '/home/me/roomy.yaml'});
  });

  it('records an unfinished creation when kind fails', async () => {
    await using dir = await tempDir();
    const failing =
      exchange(engineId, 'engine-1') +
      exchange(createCluster('test1', kubeconfigIn(dir)), '2> ERROR: failed', '[exit code 1]');
    const {context} = await demoWith(dir, ps() + exchange(engineId, 'engine-1') + failing);
    await rejection(makeCluster(context), CommandError);
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
    const {context} = await demoWith(dir, ps() + exchange(engineId, 'engine-1') + failing);
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
    const {host, context} = await demoWith(dir, ps() + exchange(engineId, 'engine-1'));
    const record = {phase: 'complete', nodeImage: image, engine: 'engine-2'} as const;
    await writeRecord(context.dirs, 'test1', record);
    expect(await rejection(makeCluster(context), UserError)).toMatchObject({
      what: 'cluster test1 exists in another docker engine',
      exitCode: exitCodes.conflict,
    });
    expect(await readRecord(context.dirs, 'test1')).toEqual(record);
    host.verify();
  });

  it('starts over after a cancelled run', async () => {
    await using dir = await tempDir();
    const kubeconfig = kubeconfigIn(dir);
    const {host, context} = await demoWith(
      dir,
      ps(ownNode('test1-control-plane')) +
        exchange(deleteCluster('test1', kubeconfig)) +
        exchange(engineId, 'engine-1') +
        exchange(createCluster('test1', kubeconfig)),
    );
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: 'kni-demo/node:old'});
    await makeCluster(context);
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
    const {host, context} = await demoWith(
      dir,
      ps() +
        exchange(engineId, 'engine-1') +
        taken +
        ps(ownNode('test1-worker')) +
        exchange(deleteCluster('test1', kubeconfig)) +
        exchange(createCluster('test1', kubeconfig)),
    );
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    await makeCluster(context);
    host.verify();
    expect(host.options.at(-1)?.input).toContain('name: test1');
    expect(await readRecord(context.dirs, 'test1')).toMatchObject({phase: 'complete'});
  });

  it('removes containers that the engine still creates after the run was cancelled', async () => {
    await using dir = await tempDir();
    const {host, context} = await demoWith(
      dir,
      ps() +
        exchange(engineId, 'engine-1') +
        ps() +
        ps(ownNode('test1-worker')) +
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
    const foreign = ownNode('test1-worker', {stack: undefined, image: 'kindest/node:v1'});
    const engine = exchange(engineId, 'engine-1');
    const {host, context} = await demoWith(dir, ps() + engine + taken + ps() + engine + taken + ps(foreign));
    await rejection(makeCluster(context), CommandError);
    expect(await rejection(makeCluster(context), UserError)).toMatchObject({exitCode: exitCodes.conflict});
    expect(host.ran.filter((line) => line.startsWith('kind delete'))).toEqual([]);
  });

  it('does not delete a cluster that another owner has created meanwhile', async () => {
    await using dir = await tempDir();
    const {host, context} = await demoWith(dir, ps(ownNode('test1-control-plane', {stack: undefined})));
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    expect((await rejection(makeCluster(context), UserError)).exitCode).toBe(exitCodes.conflict);
    expect(host.ran).toHaveLength(1);
  });

  it('starts nodes that are stopped, and waits until all have renewed their leases since', async () => {
    await using dir = await tempDir();
    const stopped = cluster.map((each) => ({...each, running: false}));
    const {host, context} = await demoWith(
      dir,
      ps(...stopped) +
        exchange(startContainers(['test1-control-plane', 'test1-worker'])) +
        startedAt(start) +
        exchange(askLeases, '2> connection refused', '[exit code 1]') +
        exchange(askLeases, leasesOf(after, before)) +
        exchange(askLeases, leasesOf(after)),
    );
    await makeCluster(context);
    host.verify();
    expect(host.ran).toHaveLength(6);
  });
});
