import {expect, it, vi} from 'vitest';
import {callsOf, podsRig} from '../../rig/runtime/pods.ts';
import {added, attachRequest, deleted, pod} from '../../rig/runtime/web-pod.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

it('fails the attachment and rolls it back when the plugins assign no address to eth0', async () => {
  await using rig = await podsRig();
  await rig.pods.create(pod, '0');
  await rig.plugins.plan({'first ADD': 'print({"cniVersion":"1.0.0","interfaces":[{"name":"kni0"}]})'});
  await expect(rig.pods.attach(attachRequest)).rejects.toMatchObject({
    message: 'the plugins of network rig assigned no address to eth0: check "ipam" in its configuration',
  });
  expect(await callsOf(rig)).toEqual([...added, ...deleted]);
  expect(await rig.onDisk()).toMatchObject([{state: 'created', attachments: []}]);
  await rig.plugins.plan({});
  expect((await rig.pods.attach(attachRequest)).state).toBe('attached');
});
