import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createRecordIndex} from '../../../runtime/src/network/record-index.ts';
import {inspectPodNetwork} from '../../../runtime/src/rpc/inspect.ts';
import {conflistOf} from '../rig/plugins.ts';
import {type PodsRig, podsRig} from '../rig/pods.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const podNumber = (number: number) => {
  const pod = {namespace: 'default', name: `web-${number}`, uid: `uid-${number}`};
  const selector = {...pod, sandbox: `box-${number}`, netns: '', attempt: '0'};
  return {pod, selector, request: {...selector, commonArgs: {}, primaryArgs: {}, selections: []}};
};
const [one, two] = [podNumber(1), podNumber(2)];
const side = {namespace: '', name: 'side', ifName: 'net1', capabilityArgs: {}};
const busy = 'error(999,busy)';

const portNetwork = ({plugins}: Pick<PodsRig, 'plugins'>) =>
  parseConflist(
    conflistOf(plugins, ['first', 'second'], {ownAddresses: true, capabilities: {portMappings: true}}),
  );
const mapped = ({request}: typeof one, hostPort: number) => ({
  ...request,
  primaryArgs: {portMappings: [{hostPort, containerPort: 80, protocol: 'tcp'}]},
});
const deletionsOf = async ({plugins}: PodsRig) =>
  (await plugins.calls()).map(({call}) => call).filter((call) => call.endsWith('DEL'));
const statesOf = async (rig: PodsRig) => (await rig.onDisk()).map(({state}) => state);

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
  it('is what the error names, and keeps eth0 from nothing', async () => {
    await using rig = await podsRig();
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: [side]});
    await rig.plugins.plan({'third DEL': 'hang'});
    const detaching = running(rig, (timeLeft) => rig.pods.detach(one.selector, {timeLeft: timeLeft(14_000)}));
    await expect(detaching).rejects.toMatchObject({plugin: 'third', trouble: 'timed-out'});
    expect(await rig.onDisk()).toMatchObject([{state: 'detaching', attachments: [{ifName: 'net1'}]}]);
  });

  it('is what CreateNetwork names, within its five seconds', async () => {
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

  it('the two minutes of what was being detached count on without a Detach', async () => {
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

  it('of the node, what is to be cleaned up does not count as failed', async () => {
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

  it('a record in doubt is neither undone nor listed because another pod asks for its port', async () => {
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

describe('pods of one network that come at the same time', () => {
  it('can be deleted while they wait for each other', async () => {
    await using rig = await podsRig({pendingLimit: 1});
    await rig.plugins.plan({'third ADD': 'hold'});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    const first = rig.pods.attach({...one.request, selections: [side]});
    await vi.waitUntil(async () => (await rig.plugins.calls()).some(({call}) => call === 'third ADD'), {
      timeout: 30_000,
    });
    const caller = new AbortController();
    const second = rig.pods.attach({...two.request, selections: [side]}, {signal: caller.signal});
    caller.abort(new Error('the kubelet has gone'));
    await expect(second).rejects.toThrow('the kubelet has gone');
    await rig.pods.delete({...two.selector, sandbox: ''});
    expect(await rig.netns.list()).toHaveLength(1);
    await rig.plugins.release();
    await first;
  });

  it('get an error that it is busy at their deadline', async () => {
    await using rig = await podsRig({pendingLimit: 1});
    await rig.plugins.plan({'third ADD': 'hold'});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    const first = rig.pods.attach({...one.request, selections: [side]});
    await vi.waitUntil(async () => (await rig.plugins.calls()).some(({call}) => call === 'third ADD'), {
      timeout: 30_000,
    });
    const impatient = {timeLeft: () => 10_000};
    await expect(rig.pods.attach({...two.request, selections: [side]}, impatient)).rejects.toMatchObject({
      name: 'NetworkBusy',
    });
    await rig.plugins.release();
    await first;
  });

  it('of another namespace are not refused for a network of the same name', async () => {
    await using rig = await podsRig({pendingLimit: 2});
    rig.named['theirs'] = parseConflist(
      conflistOf(rig.plugins, ['first'], {ownAddresses: true}).replace('"rig"', '"side"'),
    );
    await rig.plugins.plan({'third ADD': busy, 'third DEL': busy});
    for (const {pod, request} of [one, two]) {
      await rig.pods.create(pod, '0');
      const attaching = rig.pods.attach({...request, selections: [{...side, namespace: 'team-a'}]});
      await expect(attaching).rejects.toMatchObject({cniCode: 999});
    }
    const {pod, request} = podNumber(3);
    await rig.pods.create(pod, '0');
    const theirs = {...side, namespace: 'team-b', name: 'theirs'};
    await expect(rig.pods.attach({...request, selections: [theirs]})).resolves.toMatchObject({
      state: 'attached',
    });
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

  it('that is pending is inspected by the name of the pod if there is no other', async () => {
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

describe('a host port', () => {
  it('of a pod that is still attached, as after a deletion by force, is refused to others', async () => {
    await using rig = await podsRig({primary: portNetwork});
    for (const {pod} of [one, two]) await rig.pods.create(pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await expect(rig.pods.attach(mapped(two, 8080))).rejects.toThrow(
      'host port 8080/tcp is held by pod default/web-1, which is still attached',
    );
    await rig.pods.detach(one.selector);
    await expect(rig.pods.attach(mapped(two, 8080))).resolves.toMatchObject({state: 'attached'});
  });

  it('that is held is what the error names at once, even if a network of the pod is busy', async () => {
    await using rig = await podsRig({primary: portNetwork, pendingLimit: 1});
    const three = podNumber(3);
    for (const {pod} of [one, two, three]) await rig.pods.create(pod, '0');
    await rig.pods.attach(mapped(one, 8080));
    await rig.plugins.plan({'third ADD': 'hold'});
    const busyWith = rig.pods.attach({...two.request, selections: [side]});
    await vi.waitUntil(async () => (await rig.plugins.calls()).some(({call}) => call === 'third ADD'), {
      timeout: 30_000,
    });
    const attaching = rig.pods.attach({...mapped(three, 8080), selections: [side]}, {timeLeft: () => 10_000});
    await expect(attaching).rejects.toMatchObject({name: 'CleanupUnfinished'});
    await rig.plugins.release();
    await busyWith;
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
    await expect(rig.pods.detach(one.selector, {timeLeft: () => 5_000})).rejects.toThrow(
      'another call for the pod is still in progress: network rig: CNI plugin second failed to DEL: busy',
    );
    await rig.plugins.release();
    await sweeping;
  });

  it('that no Delete follows leaves nothing after ten minutes', async () => {
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

describe('a fixed address', () => {
  it('that a failed cleanup holds is known in every spelling', async () => {
    await using rig = await podsRig();
    const asking = (ip: string) => [{...side, capabilityArgs: {ips: [ip]}}];
    await rig.plugins.plan({'third DEL': busy});
    await rig.pods.create(one.pod, '0');
    await rig.pods.attach({...one.request, selections: asking('fd00::9/64')});
    await expect(rig.pods.detach(one.selector)).rejects.toMatchObject({cniCode: 999});
    await rig.pods.create(two.pod, '0');
    const attaching = rig.pods.attach({...two.request, selections: asking('FD00:0::9')});
    await expect(attaching).rejects.toMatchObject({name: 'CleanupUnfinished'});
  });
});
