import {expect, it} from 'vitest';
import {callsOf, type PodsRig, podsRig, waitForCall} from '../../rig/runtime/pods.ts';
import {attachRequest, pod} from '../../rig/runtime/web-pod.ts';

const attachedPod = async (): Promise<PodsRig> => {
  const rig = await podsRig();
  await rig.pods.create(pod, '0');
  await rig.pods.attach(attachRequest);
  return rig;
};
const checksOf = async (rig: PodsRig) => (await callsOf(rig)).filter((call) => call.endsWith('CHECK'));

it('does not begin when its caller has gone while another one was in progress', async () => {
  await using rig = await attachedPod();
  await rig.plugins.plan({'first CHECK': 'hold'});
  const first = rig.pods.check(attachRequest.sandbox);
  await waitForCall(rig, 'first CHECK');
  const gone = new AbortController();
  const second = rig.pods.check(attachRequest.sandbox, {signal: gone.signal});
  gone.abort(new Error('gone'));
  await rig.plugins.release();
  await first;
  await expect(second).rejects.toThrow('gone');
  expect(await checksOf(rig)).toEqual(['first CHECK', 'second CHECK']);
});

it('starts no plugin after the deadline of its caller', async () => {
  await using rig = await attachedPod();
  const left = [1_000, 0];
  const checking = rig.pods.check(attachRequest.sandbox, {timeLeft: () => left.shift() ?? 0});
  await expect(checking).rejects.toMatchObject({trouble: 'no-time'});
  expect(await checksOf(rig)).toEqual(['first CHECK']);
});
