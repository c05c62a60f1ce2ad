import {symlink} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import type {PodNetworkService} from '../../../runtime/src/network/lifecycle.ts';
import {createRecordIndex} from '../../../runtime/src/network/record-index.ts';
import {inspectPodNetwork} from '../../../runtime/src/rpc/inspect.ts';
import {busy, minutes, one, statesOf, type TestPod} from '../../rig/runtime/failing-pods.ts';
import {callsOf, type PodsRig, podsRig} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const alwaysFailing = {
  'second ADD': 'error(999,Unauthorized)',
  'second DEL': 'error(999,Unauthorized)',
} as const;

/** A pod whose ADD and DEL fail. */
const fail = async (rig: PodsRig, {pod, request}: TestPod, pods: PodNetworkService = rig.pods) => {
  await rig.plugins.plan(alwaysFailing);
  await pods.create(pod, '0');
  await expect(pods.attach(request)).rejects.toMatchObject({name: 'CniError', cniCode: 999});
};

/** Detaches it for as long as that fails, and deletes it. */
const becomePending = async (rig: PodsRig, test: TestPod) => {
  await fail(rig, test);
  await expect(rig.pods.detach(test.selector)).rejects.toMatchObject({plugin: 'second', command: 'DEL'});
  rig.clock.ms += minutes(2);
  await rig.pods.detach(test.selector);
  await rig.pods.delete(test.selector);
};

describe('a cleanup that keeps failing', () => {
  it('is an error for two minutes after the first Detach, and pending from then on', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    rig.clock.ms += minutes(30); // before the first Detach no time counts
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    rig.clock.ms += minutes(2) - 1;
    await expect(rig.pods.delete(one.selector)).rejects.toMatchObject({cniCode: 999});
    expect(await rig.netns.list()).toHaveLength(1);
    rig.clock.ms += 1;
    await rig.pods.detach(one.selector);
    await rig.pods.delete(one.selector);
    expect(await rig.netns.list()).toEqual([]);
    expect(await rig.onDisk()).toMatchObject([
      {
        state: 'pending',
        sandbox: 'box-1',
        attachments: [{ifName: 'eth0'}],
        pending: {
          since: rig.clock.ms,
          cause: 'network rig: CNI plugin second failed to DEL: Unauthorized: in the range (code 999)',
        },
      },
    ]);
    const before = await callsOf(rig);
    await rig.pods.detach(one.selector);
    await rig.pods.delete(one.selector);
    expect(await callsOf(rig)).toEqual(before); // a repeated call is answered without plugins
  });

  it('is given up by a sweep after a restart of the node, since the kubelet does not detach that sandbox', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    for (const path of await rig.netns.list()) await rig.netns.remove(path);
    const pods = await rig.restart();
    await pods.sweep();
    expect(await statesOf(rig)).not.toEqual(['pending']);
    rig.clock.ms += minutes(2);
    await pods.sweep();
    expect(await statesOf(rig)).toEqual(['pending']);
  });

  it('is retried with an empty CNI_NETNS after 1 min, 2 min, … and at most an hour, until DEL succeeds', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const deletions = async () => (await rig.plugins.calls()).filter(({call}) => call === 'second DEL');
    let known = (await deletions()).length;
    const waits: number[] = [];
    for (let minute = 1; waits.length < 8; minute++) {
      rig.clock.ms += minutes(1);
      await rig.pods.sweep();
      const now = await deletions();
      if (now.length > known) waits.push(minute);
      if (now.length > known) minute = 0;
      known = now.length;
    }
    expect(waits.slice(1)).toEqual([1, 2, 4, 8, 16, 32, 60]);
    expect((await deletions()).at(-1)?.env['CNI_NETNS']).toBe('');
    await rig.plugins.plan({});
    rig.clock.ms += minutes(60);
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
    expect(rig.pods.unfinished()).toEqual([]);
  });

  it('is retried at once when a person asks for it', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    expect((await rig.pods.reconcile()).problems).toEqual(['failed cleanups: 1, see "kni-runtime pending"']);
    await rig.pods.retryUnfinished();
    expect(rig.pods.unfinished()).toHaveLength(1);
    await rig.plugins.plan({});
    await rig.pods.retryUnfinished();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('is retried at once when a plugin was replaced', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    await rig.pods.sweep();
    await rig.plugins.plan({});
    await rig.pods.sweep();
    expect(rig.pods.unfinished()).toHaveLength(1);
    rig.filesVersion.text = 'another build';
    rig.clock.ms += 5_000;
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('survives a restart, and a netns that a crash left is removed', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const [record] = await rig.onDisk();
    await rig.netns.create(record?.netns ?? '');
    const pods = await rig.restart();
    expect(pods.unfinished()).toMatchObject([{cause: expect.stringContaining('Unauthorized') as string}]);
    await pods.sweep();
    expect(await statesOf(rig)).toEqual(['pending']);
    expect(await rig.netns.list()).toEqual([]);
  });

  it('is found by sandbox only: a pod that returns with its uid is not taken for it', async () => {
    await using rig = await podsRig();
    await becomePending(rig, one);
    const again = {
      ...one,
      request: {...one.request, sandbox: 'box-11'},
      selector: {...one.selector, sandbox: ''},
    };
    await rig.plugins.plan({});
    await rig.pods.create(again.pod, '0');
    await rig.pods.attach(again.request);
    await rig.pods.delete(again.selector);
    expect(await statesOf(rig)).toEqual(['pending']);
  });
});

describe('a pod with an unfinished cleanup', () => {
  it('gets no further netns while that fails, with an error that names the network, the plugin and the cause', async () => {
    await using rig = await podsRig();
    await fail(rig, one);
    await expect(rig.pods.create(one.pod, '1')).rejects.toMatchObject({
      name: 'CleanupUnfinished',
      message:
        'the cleanup of an earlier sandbox of the pod has not finished: network rig: CNI plugin second failed to DEL: Unauthorized: in the range (code 999)',
    });
    expect(await rig.netns.list()).toHaveLength(1);
    await rig.plugins.plan({});
    await rig.pods.create(one.pod, '1');
    expect(await statesOf(rig)).toEqual(['created', 'created']);
  });

  it('gets further ones while it has fewer than three that are pending', async () => {
    await using rig = await podsRig();
    for (const sandbox of ['box-1', 'box-11', 'box-111']) {
      const test = {...one, request: {...one.request, sandbox}, selector: {...one.selector, sandbox}};
      await becomePending(rig, test);
    }
    expect(await statesOf(rig)).toEqual(['pending', 'pending', 'pending']);
    await expect(rig.pods.create(one.pod, '3')).rejects.toMatchObject({name: 'CleanupUnfinished'});
    expect(await rig.netns.list()).toEqual([]);
    await rig.plugins.plan({});
    await rig.pods.create(one.pod, '3');
    expect(await statesOf(rig)).toEqual(['created']);
  });
});

describe('a record', () => {
  it('of a failed attach that CreateNetwork has cleaned up is deleted when it is abandoned', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'second ADD': busy, 'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await expect(rig.pods.attach(one.request)).rejects.toMatchObject({cniCode: 999});
    await rig.plugins.plan({});
    await rig.pods.create(one.pod, '1');
    for (let minute = 0; minute < 30; minute++) {
      rig.clock.ms += 60_000;
      await rig.pods.sweep();
    }
    expect(await rig.netns.list()).toEqual([]);
  });

  it('whose removal from the disk fails is removed later', async () => {
    let fails = false;
    await using rig = await podsRig({
      storeOf: (store) => ({
        ...store,
        remove: async (key) => {
          if (fails) throw new Error('the disk is full');
          await store.remove(key);
        },
      }),
    });
    await rig.plugins.plan({'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    rig.clock.ms += 120_000;
    await rig.pods.detach(one.selector);
    await rig.plugins.plan({});
    fails = true;
    await rig.pods.retryUnfinished();
    expect(await statesOf(rig)).toEqual(['detached']);
    fails = false;
    rig.clock.ms += 3_600_000;
    await rig.pods.sweep();
    expect(await rig.onDisk()).toEqual([]);
  });

  it('that is pending is found by the name of the pod when it is the only one', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    rig.clock.ms += 120_000;
    await rig.pods.detach(one.selector);
    const context = {
      records: createRecordIndex(await rig.onDisk()),
      pods: rig.pods,
      quarantined: async () => [],
      note: () => undefined,
      signal: new AbortController().signal,
      timeLeft: () => Number.POSITIVE_INFINITY,
    };
    const asked = {$typeName: 'kni.inspector.InspectPodNetworkRequest', sandbox: '', check: false} as const;
    const answer = await inspectPodNetwork({...asked, namespace: 'default', name: 'web-1'}, context);
    expect(answer.network?.state).toBe('pending');
  });

  it('that a person forgets may leak what its plugins keep outside of the netns', async () => {
    const primary = ({plugins}: Pick<PodsRig, 'plugins'>) => {
      const types = ['first', 'bandwidth'].map((type) => ({type, rig: plugins.dir, ipMasq: true}));
      return parseConflist(JSON.stringify({cniVersion: '1.0.0', name: 'rig', plugins: types}));
    };
    await using rig = await podsRig({primary});
    await symlink(join(rig.plugins.binDir, 'first'), join(rig.plugins.binDir, 'bandwidth'));
    await rig.plugins.plan({'bandwidth DEL': busy});
    await rig.pods.create(one.pod, '0');
    const {key} = await rig.pods.attach(one.request);
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    const {mayLeak} = await rig.pods.forget(key);
    expect(mayLeak).toContain('network rig: state of plugin bandwidth outside the netns');
    expect(mayLeak).toContain('network rig: iptables rules of plugin first for ipMasq');
    expect(await rig.onDisk()).toEqual([]);
  });
});
