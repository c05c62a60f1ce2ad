/** A worker is switched to CNI by `compare`, which is interrupted: the next command switches it back, and nothing leaks. */

import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {apply, cluster, kubectl, named, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, type Running, start} from '../../rig/cluster/kni-demo.ts';
import {nodeReadiness} from '../../rig/cluster/nodes.ts';
import {podIp, podReady, podSubnet, removePods, sample, samplePod} from '../../rig/cluster/pods.ts';
import {networksOfPods} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

/** A pod of a DaemonSet on each worker, with a host port. */
const daemon = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {name: 'switched'},
  spec: {
    selector: {matchLabels: {app: 'switched'}},
    template: {
      metadata: {labels: {app: 'switched'}},
      spec: {
        ...samplePod('unused', {spec: {container: {ports: [{containerPort: 80, hostPort: 18_080}]}}}).spec,
        nodeName: undefined,
      },
    },
  },
};

const daemonPod = (): Promise<string> =>
  value('.items[0].metadata.name', 'pods', '-l', 'app=switched', `--field-selector=spec.nodeName=${worker}`);

/** The leftovers of a switch on the node; empty if everything is restored. */
const leftovers = async (): Promise<string> =>
  (
    await shell(
      worker,
      `ls -d /run/kni-demo* 2>/dev/null || true
       find /etc/cni/net.d /etc/kni/containerd-net.d /opt/cni/bin /var/lib/cni /etc/systemd/system/kubelet.service.d /etc/kni/net.d \\
         '(' -name '*kni-demo*' ! -name kni-demo-timestamp -o -path '*results/*' ')' 2>/dev/null || true
       ls /run/netns | grep -v '^kni-' || true
       iptables-save | grep -c kni-compare | grep -v '^0$' || true`,
    )
  ).trim();

/** Rules and links by number: their names differ, because the pods have new sandboxes. */
const counts = async (): Promise<string> =>
  shell(worker, 'iptables-save | grep -c "^-A" && ip -o link | wc -l && ip route | wc -l');

useCluster();

let running: Running | undefined;
const startCompare = (): Running => {
  running = start('compare', ...named, '--pods', '2');
  return running;
};

describe('a worker that is switched to CNI', () => {
  let uids: readonly string[] = [];
  let before = '';
  const uidsOfPods = async () => [
    await value('.metadata.uid', 'pod', sample),
    await value('.metadata.uid', 'pod', await daemonPod()),
  ];
  /** The pods are the same, and have KNI networks again. */
  const isAsBefore = async (): Promise<void> => {
    await nodeReadiness(worker, 'True');
    await podReady(await daemonPod());
    await podReady(sample);
    await networksOfPods(worker, {hostPorts: 1});
    expect(await uidsOfPods()).toEqual(uids);
    expect(await leftovers()).toBe('');
    await until(
      'the node to have as many rules and links as before',
      async () => (await counts()) === before,
    );
    expect((await kniDemo('status', ...named)).stdout).not.toContain('interrupted');
  };

  beforeAll(async () => {
    await apply(daemon);
    await until('the pod of the DaemonSet to exist', async () => (await daemonPod()) !== '');
    await podReady(await daemonPod());
    await networksOfPods(worker, {hostPorts: 1});
    uids = await uidsOfPods();
    before = await counts();
  });
  afterAll(async () => {
    await kubectl('delete', 'daemonset', 'switched', '--wait=false', '--ignore-not-found');
    await until('the pods of the DaemonSet to be gone', async () => (await daemonPod()) === '');
  });

  // A failed test must not keep the lock from the next one.
  afterEach(async () => {
    running?.kill();
    await running?.ended;
  });

  it('is switched back at once by Ctrl-C', async () => {
    const compare = startCompare();
    await compare.printed('measuring 2 pods through CNI');
    // All pods were Ready through CNI before the measurement began.
    expect(await shell(worker, 'ls /run/netns')).toMatch(/^cni-.*\ncni-/);
    expect(await podIp(sample)).toMatch(podSubnet);
    compare.interrupt();
    expect(await compare.ended).toMatchObject({
      exitCode: exitCodes.cancelled,
      stdout: expect.stringContaining(`undone: ${worker} switched to CNI`),
    });
    await isAsBefore();
  });

  it('is switched back by the next command after kill -9', async () => {
    const compare = startCompare();
    await compare.printed('measuring 2 pods through CNI');
    compare.kill();
    await compare.ended;
    const status = await kniDemo('status', ...named);
    // With stderr: if it fails, its error is in the report of the test.
    expect(status).toMatchObject({
      stdout: expect.stringMatching(/an interrupted `kni-demo compare` left: .*switched to CNI/),
      stderr: '',
    });
    expect(status.stdout).toContain(`restore it: kni-demo up`);
    const created = await kniDemo('pod', 'create', 'after-switch', ...named, '--node', worker);
    expect(created).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('calls made by kubelet'),
      stderr: expect.stringContaining(`undone: ${worker} switched to CNI`),
    });
    await removePods('after-switch');
    await isAsBefore();
  });

  it.each([100, 1_500, 4_000])('is restored by up after kill -9 at %i ms of the switch', async (ms) => {
    const compare = startCompare();
    await compare.printed(`switching ${worker} to CNI`);
    await sleep(ms);
    compare.kill();
    await compare.ended;
    const stack = cluster === 'kni-e2e' ? ['--stack', 'bookworm'] : [];
    expect(await kniDemo('up', '--quiet', '--yes', ...stack, ...named)).toMatchObject({
      exitCode: exitCodes.ok,
      stdout: expect.stringContaining('calls made by kubelet'),
    });
    await isAsBefore();
  });

  it('is switched back by the next command after kill -9 while it is switched back', async () => {
    const compare = startCompare();
    await compare.printed(`switching ${worker} back to KNI`);
    await sleep(1_000);
    compare.kill();
    await compare.ended;
    expect(await kniDemo('pod', 'delete', sample, ...named)).toMatchObject({exitCode: exitCodes.ok});
    expect(await kniDemo('verify', ...named)).toMatchObject({exitCode: exitCodes.ok});
    uids = await uidsOfPods();
    await isAsBefore();
  });
});
