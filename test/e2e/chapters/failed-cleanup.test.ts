/**
 * Pods of a network whose ADD and DEL always fail: they must not fill the node, and their deletion must end. Restarts the
 * worker's runtime with other flags for a while.
 */

import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {apply, kubectl, named, shell, value, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {conditionOf} from '../../rig/cluster/nodes.ts';
import {podReady, removePods, samplePod} from '../../rig/cluster/pods.ts';
import {type Traces, tracesLike, tracesOn} from '../../rig/cluster/traces.ts';
import {until} from '../../rig/wait.ts';

const annotations = {'k8s.v1.cni.cncf.io/networks': 'failing'};
const pendingLimit = 8;

const definition = (master: string) => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: {name: 'failing'},
  spec: {
    config: JSON.stringify({
      cniVersion: '1.0.0',
      plugins: [{type: 'macvlan', master, ipam: {type: 'host-local', ranges: [[{subnet: '10.196.0.0/24'}]]}}],
    }),
  },
});

interface Cleanup {
  readonly network: {readonly state: string};
  readonly cause: string;
}

const cleanups = async (...flags: readonly string[]): Promise<readonly Cleanup[]> =>
  (JSON.parse(await shell(worker, ['kni-runtime pending', ...flags].join(' '))) as {cleanups: Cleanup[]})
    .cleanups;

const sandboxesOf = async (pod: string): Promise<number> => {
  const filter = `labels."io.kubernetes.pod.name"==${pod},labels."io.cri-containerd.kind"==sandbox`;
  const ids = await shell(worker, `ctr --namespace k8s.io containers list --quiet '${filter}'`);
  return ids.split('\n').filter(Boolean).length;
};

/** How many more traces the node has than before; one pod may add one of each. */
const growth = (now: Traces, before: Traces) => ({
  netns: now.netns.length - before.netns.length,
  records: now.records.length - before.records.length,
  addresses: now.addresses.length - before.addresses.length,
});

const eventListOf = async (pod: string): Promise<{reason: string; count: number; message: string}[]> => {
  const events = await kubectl('get', 'events', `--field-selector=involvedObject.name=${pod}`, '-o', 'json');
  return (JSON.parse(events) as {items: {reason: string; count?: number; message: string}[]}).items.map(
    ({reason, count = 1, message}) => ({reason, count, message}),
  );
};

const environmentFile = '/etc/kni/runtime.env';

/** Restarts the worker's runtime with this `--give-up-after`. Returns a function that restores its flags. */
const giveUpAfter = async (seconds: number): Promise<() => Promise<unknown>> => {
  const flags = (await shell(worker, `cat ${environmentFile} 2>/dev/null || true`)).trim();
  const restart = (text: string) =>
    shell(worker, `mkdir -p /etc/kni && echo '${text}' >${environmentFile} && systemctl restart kni`);
  await restart(`${flags || 'KNI_RUNTIME_FLAGS='} --give-up-after=${seconds}`);
  return () => restart(flags);
};

useCluster();

describe('a pod whose ADD and DEL always fail', () => {
  it('never has more than one netns, record, sandbox and address, and gets few events', async () => {
    const before = await tracesOn(worker);
    await apply(definition('missing0'));
    await apply(samplePod('failing', {annotations}));
    await until('the failure to be reported', async () =>
      (await eventListOf('failing')).some(({message}) => message.includes('macvlan')),
    );
    const most = {netns: 0, records: 0, addresses: 0, sandboxes: 0};
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(1_000)) {
      const seen = {...growth(await tracesOn(worker), before), sandboxes: await sandboxesOf('failing')};
      for (const key of ['netns', 'records', 'addresses', 'sandboxes'] as const)
        most[key] = Math.max(most[key], seen[key]);
    }
    expect(most).toEqual({netns: 1, records: 1, addresses: expect.any(Number) as number, sandboxes: 1});
    expect(most.addresses).toBeLessThanOrEqual(1);
    const events = await eventListOf('failing');
    expect(events.reduce((sum, {count}) => sum + count, 0)).toBeLessThan(25);
    expect(await conditionOf('node', worker)).toBe('True');
    expect((await kniDemo('networks', ...named)).stdout).toContain('1 failed cleanup on this node');

    // A corrected definition is enough, since the runtime has not pinned the wrong one.
    await apply(definition('eth0'));
    await podReady('failing');
    await removePods('failing');
    await tracesLike(worker, before);
  });

  it('leaves no more pending cleanups than the limit of its network when it is created 20 times', async () => {
    const before = await tracesOn(worker);
    const restore = await giveUpAfter(5);
    onTestFinished(async () => void (await restore()));
    await apply(definition('missing0'));
    for (let number = 1; number <= 20; number++) {
      const pod = `doomed-${number}`;
      await apply(samplePod(pod, {annotations}));
      await until(`${pod} to fail`, async () =>
        (await eventListOf(pod)).some(({reason}) => reason.startsWith('Failed')),
      );
      await kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--wait=false');
    }
    await until('all sandboxes to be removed', async () => {
      const counts = await Promise.all(
        Array.from({length: 20}, (_, index) => sandboxesOf(`doomed-${index + 1}`)),
      );
      return counts.every((count) => count === 0);
    });
    const left = await cleanups();
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThanOrEqual(pendingLimit);
    for (const {network, cause} of left)
      expect([network.state, cause]).toEqual(['pending', expect.stringContaining('macvlan')]);
    expect((await tracesOn(worker)).netns).toEqual(before.netns);
    expect(await value('.status.phase', 'pod', 'doomed-20')).toBe('');

    await apply(definition('eth0'));
    await until(
      'the cleanups to succeed with the corrected definition',
      async () => (await cleanups()).length === 0,
    );
    await kubectl('delete', 'network-attachment-definition', 'failing');
    await tracesLike(worker, before);
  });
});
