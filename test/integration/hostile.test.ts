import type {MessageInitShape} from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import type {PortMappingSchema, Protocol} from '../../runtime/src/gen/kni_pb.ts';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {type TestNode} from '../rig/node/node.ts';
import {bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {type TestRuntime} from '../rig/node/runtime.ts';

const INVALID_ARGUMENT = {code: 3};

/** What someone might send who wants to get out of the directory, or into a list of arguments. */
const nasty = fc.oneof(
  fc.constantFrom(
    '..',
    '../..',
    '/',
    'a/b',
    'a;K=V',
    'a=b',
    '-x',
    '\0',
    'a\0b',
    ' ',
    'a\nb',
    'ü',
    '.',
    'a'.repeat(300),
    '$(id)',
  ),
  fc.string({minLength: 1, unit: 'binary'}).filter((text) => !/^[a-zA-Z0-9]/.test(text)),
);
const nastyPath = fc.oneof(
  fc.constantFrom(
    '/proc/1/ns/net',
    '/run/netns/../kni-x',
    '/run/netns/',
    '/run/netns/kni-a/../../x',
    'kni-x',
    '/etc/passwd',
    '/run/netns//kni-x',
    '/',
  ),
  nasty,
);

describe('hostile requests', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithRuntime();
    ({node, runtime} = started);
    return started.stop;
  });

  it('with invalid names are refused', async () => {
    const field = fc.constantFrom('name', 'namespace', 'uid');
    await fc.assert(
      fc.asyncProperty(field, nasty, async (name, value) => {
        const request = {namespace: 'default', name: 'pod', uid: 'uid', [name]: value};
        await expect(runtime.kni.createNetwork(request)).rejects.toMatchObject(INVALID_ARGUMENT);
      }),
    );
    await fc.assert(
      fc.asyncProperty(nasty, async (id) => {
        await expect(runtime.kni.attachInterface({id})).rejects.toMatchObject(INVALID_ARGUMENT);
        await expect(runtime.kni.queryPodNetwork({id})).rejects.toMatchObject(INVALID_ARGUMENT);
        await expect(runtime.kni.detachInterface({id})).rejects.toMatchObject(INVALID_ARGUMENT);
        await expect(runtime.kni.deleteNetwork({id})).rejects.toMatchObject(INVALID_ARGUMENT);
      }),
    );
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('with anything in a field that tells the pod are refused by every RPC', async () => {
    const {attachInterface, queryPodNetwork, detachInterface, deleteNetwork} = runtime.kni;
    const rpcs = [attachInterface, detachInterface, deleteNetwork];
    const named = fc
      .tuple(fc.constantFrom('name', 'namespace'), nasty)
      .map(([field, value]) => ({[field]: value}));
    const extra = fc
      .tuple(fc.constantFrom('uid', 'attempt', 'netns'), nasty)
      .map(([field, value]) => ({extradata: {[field]: value}}));
    const valid = {id: 'box', name: 'pod', namespace: 'default'};
    const told = fc.oneof(
      fc.tuple(fc.constantFrom(...rpcs, queryPodNetwork), named),
      fc.tuple(fc.constantFrom(...rpcs), extra),
    );
    await fc.assert(
      fc.asyncProperty(told, async ([call, fields]) => {
        await expect(call({...valid, ...fields})).rejects.toMatchObject(INVALID_ARGUMENT);
      }),
    );
    await fc.assert(
      fc.asyncProperty(nasty, async (attempt) => {
        const request = {name: 'pod', namespace: 'default', uid: 'uid', extradata: {attempt}};
        await expect(runtime.kni.createNetwork(request)).rejects.toMatchObject(INVALID_ARGUMENT);
      }),
    );
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('with anything where any text may be do no harm', async () => {
    const texts = fc.array(nasty, {maxLength: 3});
    const wishes = fc.record({
      annotations: fc.dictionary(nasty, nasty),
      dnsConfig: fc.record({servers: texts, searches: texts, options: texts}),
      type: nasty,
      cgroup: nasty,
    });
    await fc.assert(
      fc.asyncProperty(wishes, async ({annotations, dnsConfig, type, cgroup}) => {
        const pod = newPod('talkative');
        const {id, name, namespace, extradata} = identify(pod);
        const path = await createNetwork(runtime.kni, pod);
        const {ipconfigs} = await runtime.kni.attachInterface({
          id,
          name,
          namespace,
          annotations,
          dnsConfig,
          isolation: {path, type},
          extradata: {...extradata, cgroup_parent: cgroup},
        });
        expect(ipconfigs['eth0']?.ip).toHaveLength(1);
        await takeDown(runtime.kni, pod, path);
      }),
      {numRuns: 20}, // each run starts a dozen programs
    );
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('with paths outside of the netns directory have no effect', async () => {
    const pod = newPod('bystander');
    const {netns} = await bringUp(runtime.kni, pod);
    await node.run([
      'sh',
      '-c',
      'touch /run/netns/foreign /run/kni-x && unshare --net=/run/netns/foreign true',
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(nastyPath, fc.constant('/run/netns/foreign'), fc.constant('/run/kni-x')),
        async (path) => {
          await runtime.kni.deleteNetwork({netnsPath: path}).catch(() => undefined);
          await runtime.kni.detachInterface({isolation: {path}}).catch(() => undefined);
          const attached = runtime.kni.attachInterface({id: 'intruder', isolation: {path, type: 'netns'}});
          await expect(attached).rejects.toMatchObject({code: expect.toBeOneOf([3, 5]) as number});
        },
      ),
    );
    expect(
      await node.run(['sh', '-c', 'ls -d /run/kni-x /run/netns/foreign && stat -f -c %T /run/netns/foreign']),
    ).toContain('nsfs');
    await runtime.kni.queryPodNetwork({id: pod.sandbox});
    await takeDown(runtime.kni, pod, netns);
    await node.run(['sh', '-c', 'umount /run/netns/foreign && rm /run/netns/foreign']);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('with invalid port mappings are refused before any plugin runs', async () => {
    const bad: MessageInitShape<typeof PortMappingSchema>[] = [
      {containerPort: 0, hostPort: 80},
      {containerPort: 80, hostPort: 70_000},
      {containerPort: 80, hostPort: -1},
      {containerPort: 80, hostPort: 80, hostIp: '1.2.3.4; reboot'},
      {containerPort: 80, hostPort: 80, protocol: 7 as Protocol},
    ];
    for (const mapping of bad) {
      const attached = runtime.kni.attachInterface({
        id: 'box',
        name: 'pod',
        namespace: 'default',
        portMappings: [mapping],
      });
      await expect(attached).rejects.toMatchObject(INVALID_ARGUMENT);
    }
  });

  it('do not keep the next one from being served', async () => {
    const pod = newPod('patient');
    const {netns} = await bringUp(runtime.kni, pod);
    await takeDown(runtime.kni, pod, netns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
