import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {
  busy,
  mapped,
  one,
  podNumber,
  portNetwork,
  side,
  statesOf,
  two,
} from '../../rig/runtime/failing-pods.ts';
import {type PodsRig, podsRig} from '../../rig/runtime/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const deletionsOf = async ({plugins}: PodsRig) =>
  (await plugins.calls()).map(({call}) => call).filter((call) => call.endsWith('DEL'));

/** In ms, so that the tests need not wait for the usual ones. */
const shortLimits = {rollback: 5_000, answer: 3_000, least: 500, mostWait: 1_000};

/** Lets the clock of the rig run, for calls with a deadline. */
const running = async <T>(rig: PodsRig, work: (timeLeft: (ms: number) => () => number) => Promise<T>) => {
  const [begun, base] = [performance.now(), rig.clock.ms];
  const timer = setInterval(() => {
    rig.clock.ms = base + (performance.now() - begun);
  }, 5);
  try {
    return await work((ms) => () => ms - (performance.now() - begun));
  } finally {
    clearInterval(timer);
  }
};

describe('a further network whose DEL hangs', () => {
  it('is named by the error, and does not prevent the cleanup of eth0', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [side]});
    await rig.plugins.plan({'third DEL': 'hang'});
    const detaching = running(rig, (timeLeft) => rig.pods.detach(one.selector, {timeLeft: timeLeft(14_000)}));
    await expect(detaching).rejects.toMatchObject({plugin: 'third', trouble: 'timed-out'});
    expect(await rig.onDisk()).toMatchObject([{state: 'detaching', attachments: [{ifName: 'net1'}]}]);
  });

  it('is named by the error of CreateNetwork, within its five seconds', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [side]});
    await rig.plugins.plan({'third DEL': busy, 'second DEL': busy});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.plugins.plan({'third DEL': 'hang'});
    await expect(running(rig, () => rig.pods.create(one.pod, '1'))).rejects.toThrow(
      'network side: CNI plugin third did not finish DEL',
    );
  });
});

describe('after a restart', () => {
  it('the limit of a network still holds', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    await rig.plugins.plan({'third ADD': busy, 'third DEL': busy});
    const outcomes: string[] = [];
    let {pods} = rig;
    for (let number = 1; number <= 4; number++) {
      const {pod, request} = podNumber(number);
      await pods.create(pod, '0');
      const attaching = pods.attach({...request, selections: [side]});
      outcomes.push(
        await attaching.then(
          () => 'attached',
          ({name}: Error) => name,
        ),
      );
      pods = await rig.restart();
    }
    expect(outcomes).toEqual(['CniError', 'CniError', 'TooManyCleanups', 'TooManyCleanups']);
  });

  it('a cleanup becomes pending after two minutes without another Detach', async () => {
    await using rig = await podsRig();
    await rig.plugins.plan({'second DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    const pods = await rig.restart();
    for (let minute = 0; minute <= 4; minute++) {
      await pods.sweep();
      rig.clock.ms += 60_000;
    }
    expect(await statesOf(rig)).toEqual(['pending']);
  });

  it('of the node, cleanups that were not tried yet do not count as failed', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    for (const {pod, request} of [podNumber(1), podNumber(2), podNumber(3)]) {
      await rig.pods.create(pod, '0');
      await rig.pods.attach(request);
    }
    for (const path of await rig.netns.list()) await rig.netns.remove(path);
    const pods = await rig.restart();
    const {pod, request} = podNumber(9);
    await pods.create(pod, '0');
    await expect(pods.attach(request)).resolves.toMatchObject({state: 'attached'});
    expect(pods.unfinished()).toEqual([]);
  });

  it('a record in doubt is not undone or listed when another pod asks for its port', async () => {
    await using rig = await podsRig({primary: portNetwork});
    await rig.pods.create(one.pod, '0');
    const attached = await rig.pods.attach(mapped(one, 8080));
    await rig.writeDown({...attached, state: 'attaching'}); // the line "attached" was lost: the pod runs
    await mkdir(join(rig.stateDir, 'quarantine'), {recursive: true});
    await writeFile(join(rig.stateDir, 'quarantine', 'journal-1'), 'damaged');
    const pods = await rig.restart();
    await pods.create(two.pod, '0');
    await expect(pods.attach(mapped(two, 8080))).rejects.toMatchObject({name: 'CleanupUnfinished'});
    expect(await deletionsOf(rig)).toEqual([]);
    expect(pods.unfinished()).toEqual([]);
    await expect(pods.forget(attached.key)).rejects.toMatchObject({name: 'WrongState'});
  });
});

describe('an Attach', () => {
  it('names the plugin that hung in ADD before its deadline, though the DEL hangs as well', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.plugins.plan({'second ADD': 'hang', 'second DEL': 'hang'});
    const begun = performance.now();
    const attaching = running(rig, (timeLeft) =>
      rig.pods.attach(one.request, {timeLeft: timeLeft(shortLimits.rollback + 1_500), limits: shortLimits}),
    );
    await expect(attaching).rejects.toThrow('CNI plugin second did not finish ADD');
    expect(performance.now() - begun).toBeLessThan(shortLimits.rollback + 1_500);
    await rig.plugins.plan({});
    await rig.pods.detach(one.selector);
  });
});

describe('a Detach', () => {
  it('gets the cause by its deadline while a retry hangs', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await rig.plugins.plan({'second DEL': busy});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.plugins.plan({'second DEL': 'hold'});
    rig.clock.ms += 1_000; // the backoff
    const sweeping = rig.pods.sweep();
    await vi.waitUntil(async () => (await deletionsOf(rig)).length === 2, {timeout: 30_000});
    await expect(rig.pods.detach(one.selector, {timeLeft: () => 500, limits: shortLimits})).rejects.toThrow(
      'another call for the pod is still in progress: network rig: CNI plugin second failed to DEL: busy',
    );
    await rig.plugins.release();
    await sweeping;
  });

  it('without a Delete is completed after ten minutes', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach(one.request);
    await rig.pods.detach(one.selector);
    await rig.pods.sweep();
    rig.clock.ms += 600_001;
    await rig.pods.sweep();
    expect([await rig.netns.list(), await rig.onDisk()]).toEqual([[], []]);
  });
});
