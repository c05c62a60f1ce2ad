import {beforeAll, describe, expect, it} from 'vitest';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const NOT_FOUND = {code: 5};
const ALREADY_EXISTS = {code: 6};
const FAILED_PRECONDITION = {code: 9};

describe('the life of a pod', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithRuntime();
    ({node, runtime} = started);
    return started.stop;
  });

  it('reports that the node is ready', async () => {
    const {networks} = await runtime.kni.queryNodeNetworks({});
    expect(networks).toMatchObject([{name: 'kni', ready: true}]);
    await runtime.kni.setupNodeNetwork({});
  });

  it('goes from nothing to an address and back to nothing', async () => {
    const pod = newPod('web');
    const {netns, ip, mac} = await bringUp(runtime.kni, pod);
    expect(netns).toMatch(new RegExp(`^/run/netns/kni-${pod.uid}-`));
    expect(ip).toMatch(/^10\.77\.1\.\d+$/);

    const inPod = JSON.parse(await node.inPod(netns, ['ip', '-json', 'address'])) as unknown;
    expect(inPod).toMatchObject([
      {ifname: 'lo', operstate: 'UNKNOWN'},
      {ifname: 'eth0', address: mac, addr_info: [{local: ip, prefixlen: 24}, {}]},
    ]);
    const {ipconfigs} = await runtime.kni.queryPodNetwork(identify(pod));
    expect(Object.keys(ipconfigs)).toEqual(['eth0']);
    expect(ipconfigs).toMatchObject({eth0: {ip: [ip], mac}});

    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('has a line in the log for every call, and the addresses in the words of old', async () => {
    const pod = newPod('logged');
    const {netns, ip, mac} = await bringUp(runtime.kni, pod);
    await runtime.kni.queryPodNetwork(identify(pod));
    await takeDown(runtime.kni, pod, netns);
    const linesOfPod = () => runtime.log.filter(({pod: of}) => of === 'default/logged');
    await until('it is said', () => linesOfPod().at(-1)?.msg === 'DeleteNetwork ok');
    const lines = linesOfPod();
    expect(lines.map(({msg}) => msg)).toEqual([
      'CreateNetwork ok',
      'AttachInterface ok',
      'QueryPodNetwork ok',
      `ipconfigs received for id: ${pod.sandbox} ip: map[eth0:ip:"${ip}" mac:"${mac}"]`,
      'DetachInterface ok',
      'DeleteNetwork ok',
    ]);
    for (const line of lines) {
      expect(Object.keys(line).slice(0, 4)).toEqual(['level', 'msg', 'time', 'rpc']);
      expect(line).toMatchObject({level: 'info', uid: pod.uid});
    }
    expect(lines[1]).toMatchObject({sandbox: pod.sandbox, netns, ms: expect.any(Number)});
  });

  it('answers a query differently before, during and after', async () => {
    const pod = newPod('asked');
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(NOT_FOUND);
    const {netns} = await bringUp(runtime.kni, pod);
    await runtime.kni.queryPodNetwork(identify(pod));
    await runtime.kni.detachInterface(identify(pod));
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(FAILED_PRECONDITION);
    await runtime.kni.deleteNetwork({...identify(pod), netnsPath: netns});
    await expect(runtime.kni.queryPodNetwork(identify(pod))).rejects.toMatchObject(NOT_FOUND);
  });

  it('stays the same however often a call is repeated, also all at once', async () => {
    const pod = newPod('repeated');
    const paths = await Promise.all([0, 1, 2, 3].map(() => createNetwork(runtime.kni, pod)));
    expect(new Set(paths).size).toBe(1);
    const netns = paths[0] ?? '';
    const answers = await Promise.all([0, 1, 2, 3].map(() => attach(runtime.kni, pod, netns)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await leftovers(node)).leases).toHaveLength(1);
    await Promise.all([0, 1, 2, 3].map(() => takeDown(runtime.kni, pod, netns)));
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('gives a new netns to a pod whose sandbox is recreated, and never mixes the two up', async () => {
    const pod = newPod('again');
    const first = await bringUp(runtime.kni, pod);
    const replaced = {...pod, sandbox: `${pod.sandbox}2`};
    const second = await bringUp(runtime.kni, replaced);
    expect(second.netns).not.toBe(first.netns);
    expect(second.ip).not.toBe(first.ip);
    await takeDown(runtime.kni, pod, first.netns);
    // A late repetition for the first one, by everything that a kubelet knows of it.
    await takeDown(runtime.kni, pod, first.netns);
    const {ipconfigs} = await runtime.kni.queryPodNetwork({id: replaced.sandbox});
    expect(ipconfigs['eth0']?.ip).toEqual([second.ip]);
    await takeDown(runtime.kni, replaced, second.netns);
  });

  it('refuses to attach one netns to two sandboxes, or to another pod', async () => {
    const pod = newPod('mine');
    const {netns} = await bringUp(runtime.kni, pod);
    await expect(attach(runtime.kni, {...pod, sandbox: 'other'}, netns)).rejects.toMatchObject(
      ALREADY_EXISTS,
    );
    await expect(attach(runtime.kni, {...pod, name: 'theirs'}, netns)).rejects.toMatchObject(ALREADY_EXISTS);
    await takeDown(runtime.kni, pod, netns);
  });

  it('keeps pods apart whose names run together', async () => {
    const one = {...newPod('c'), namespace: 'a-b', uid: ''};
    const two = {...newPod('b-c'), namespace: 'a', uid: ''};
    const [first, second] = await Promise.all([bringUp(runtime.kni, one), bringUp(runtime.kni, two)]);
    expect(first.netns).not.toBe(second.netns);
    expect(first.ip).not.toBe(second.ip);
    await Promise.all([takeDown(runtime.kni, one, first.netns), takeDown(runtime.kni, two, second.netns)]);
  });

  it('serves a kubelet that tells only what the first ones did', async () => {
    const {namespace, name, sandbox} = newPod('classic');
    const {netnsPath} = await runtime.kni.createNetwork({namespace, name});
    const {ipconfigs} = await runtime.kni.attachInterface({
      id: sandbox,
      namespace,
      name,
      extradata: {netns: netnsPath},
    });
    expect(ipconfigs['eth0']?.ip).toHaveLength(1);
    await runtime.kni.queryPodNetwork({id: sandbox, namespace, name});
    await runtime.kni.detachInterface({id: sandbox, namespace, name});
    await runtime.kni.deleteNetwork({id: sandbox, namespace, name});
  });

  it('is deleted by any identification', async () => {
    const pod = newPod('never-attached');
    const byPath = await createNetwork(runtime.kni, pod);
    await runtime.kni.deleteNetwork({netnsPath: byPath});
    await createNetwork(runtime.kni, pod);
    await runtime.kni.deleteNetwork({extradata: {uid: pod.uid, attempt: '0'}});
    await createNetwork(runtime.kni, pod);
    await runtime.kni.deleteNetwork({namespace: pod.namespace, name: pod.name});
    const attached = await bringUp(runtime.kni, pod);
    await runtime.kni.deleteNetwork({netnsPath: attached.netns}); // detaches first
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('runs beside others at the same time', async () => {
    const pods = Array.from({length: 12}, (_, index) => newPod(`parallel-${index}`));
    const up = await Promise.all(pods.map((pod) => bringUp(runtime.kni, pod)));
    expect(new Set(up.map(({ip}) => ip)).size).toBe(12);
    await Promise.all(pods.map((pod, index) => takeDown(runtime.kni, pod, up[index]?.netns ?? '')));
  });
});
