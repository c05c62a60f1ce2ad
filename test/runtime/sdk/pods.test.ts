import {appendFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import {create} from '@bufbuild/protobuf';
import {describe, expect, it} from 'vitest';
import {
  AttachInterfaceRequestSchema,
  CreateNetworkRequestSchema,
  DeleteNetworkRequestSchema,
  QueryPodNetworkRequestSchema,
} from '../../../runtime/src/gen/kni_pb.ts';
import {openPods} from '../../../runtime/src/sdk/pods.ts';
import {openRecords} from '../../../runtime/src/sdk/records.ts';
import {readSettings} from '../../../runtime/src/sdk/settings.ts';
import {tempDir} from '../../rig/temp-dir.ts';

interface Data {
  readonly addresses: readonly string[];
}

const web = {namespace: 'default', name: 'web'};
const created = (uid: string, attempt = '0') =>
  create(CreateNetworkRequestSchema, {...web, uid, extradata: {attempt}});
const attach = (id: string, fields: object = {}) =>
  create(AttachInterfaceRequestSchema, {...web, id, ...fields});
const remove = (fields: object) => create(DeleteNetworkRequestSchema, fields);
const query = (id: string) => create(QueryPodNetworkRequestSchema, {id});

describe('records of pods', () => {
  it('are found by sandbox, netns, uid and name, the most precise first', async () => {
    await using dir = await tempDir();
    const pods = await openPods<Data>({stateDir: dir.join('state'), netnsDir: '/run/netns'});
    const old = await pods.create(created('old'));
    await pods.write({...old, sandbox: 'box-old', state: 'attached'});
    const pod = await pods.create(created('new'));
    expect(pod.netns).toBe(`/run/netns/kni-${pod.key}`);
    expect(await pods.create(created('new'))).toEqual(pod);
    expect((await pods.create(created('new', '1'))).key).not.toBe(pod.key);

    expect(pods.toRemove(remove({id: 'box-old'}))?.key).toBe(old.key);
    expect(pods.toRemove(remove({netnsPath: pod.netns}))?.key).toBe(pod.key);
    expect(pods.toRemove(remove({extradata: {uid: 'new', attempt: '0'}}))?.key).toBe(pod.key);
    expect(pods.toRemove(remove({id: 'box-unknown', ...web}))).toBeUndefined();
    expect(pods.toAttach(attach('box', {isolation: {path: pod.netns}})).key).toBe(pod.key);
    expect(pods.attached(query('box-old')).key).toBe(old.key);
    await pods.remove(old);
    expect(() => pods.attached(query('box-old'))).toThrow('unknown sandbox');
  });

  it.each([
    ['another pod', {name: 'db', isolation: {path: 'NETNS'}}, 'belongs to pod default/web'],
    ['another sandbox', {id: 'other', isolation: {path: 'NETNS'}}, 'belongs to another sandbox'],
    ['another netns', {isolation: {path: '/run/netns/kni-x'}}, 'belongs to another netns'],
    ['an invalid id', {id: '../x'}, 'invalid id'],
    ['an invalid host port', {portMappings: [{containerPort: 80, hostPort: 70_000}]}, 'port_mappings[0]'],
  ])('refuse to be attached by %s', async (_, fields, message) => {
    await using dir = await tempDir();
    const pods = await openPods<Data>({stateDir: dir.join('state'), netnsDir: '/run/netns'});
    const pod = await pods.create(created('uid'));
    await pods.write({...pod, sandbox: 'box', state: 'attached'});
    const request = JSON.parse(JSON.stringify(fields).replace('NETNS', pod.netns)) as object;
    expect(() => pods.toAttach(attach('box', request))).toThrow(message);
  });

  it('are attached by a new sandbox after a crash during AttachInterface', async () => {
    await using dir = await tempDir();
    const pods = await openPods<Data>({stateDir: dir.join('state'), netnsDir: '/run/netns'});
    const pod = await pods.create(created('uid'));
    const attaching = await pods.write({...pod, sandbox: 'box', state: 'attaching'});
    expect(await pods.create(created('uid'))).toEqual(attaching);
    expect(pods.toAttach(attach('new', {isolation: {path: pod.netns}}))).toEqual(attaching);
  });

  it('cannot be opened by two processes at the same time', async () => {
    await using dir = await tempDir();
    const settings = {stateDir: dir.join('state'), netnsDir: '/run/netns'};
    await openPods(settings);
    await expect(openPods(settings)).rejects.toThrow('another network runtime');
  });
});

describe('records on disk', () => {
  const put = {isOutcome: true, isCleanup: false};

  it('survive a restart, in the order of their last change', async () => {
    await using dir = await tempDir();
    const first = await openRecords<object>(dir.join('records'));
    for (const key of ['a', 'b', 'c']) await first.put(key, {key}, put);
    await first.put('a', {key: 'a', again: true}, put);
    await first.drop('b');
    await first.drop('unknown');
    const second = await openRecords<object>(dir.join('records'));
    expect([...second.all()]).toEqual([{key: 'c'}, {key: 'a', again: true}]);
  });

  it('lose only the line that a crash has cut, and the lines that are damaged', async () => {
    await using dir = await tempDir();
    const first = await openRecords<object>(dir.join('records'));
    for (const key of ['a', 'b', 'c']) await first.put(key, {key}, put);
    const text = await readFile(dir.join('records'), 'utf8');
    await writeFile(dir.join('records'), text.replace('"key":"b"', '"key":"x"'));
    await appendFile(dir.join('records'), '0000');
    const second = await openRecords<object>(dir.join('records'));
    expect([...second.all()]).toEqual([{key: 'a'}, {key: 'c'}]);
    await second.put('d', {key: 'd'}, put);
    expect([...(await openRecords<object>(dir.join('records'))).all()]).toHaveLength(3);
  });

  it('stay small while they change', async () => {
    await using dir = await tempDir();
    const records = await openRecords<object>(dir.join('records'));
    for (let change = 0; change < 400; change++)
      await records.put('a', {change, text: 'x'.repeat(1000)}, {isOutcome: false, isCleanup: false});
    expect((await readFile(dir.join('records'))).length).toBeLessThan(200_000);
    expect([...(await openRecords<object>(dir.join('records'))).all()]).toMatchObject([{change: 399}]);
  });

  it('keep the old value when the new one cannot be written', async () => {
    await using dir = await tempDir();
    const records = await openRecords<object>(dir.join('missing/records'));
    await expect(records.put('a', {}, put)).rejects.toThrow('ENOENT');
    expect([...records.all()]).toEqual([]);
    await mkdir(dir.join('missing'));
    await records.put('a', {}, put);
    expect([...records.all()]).toEqual([{}]);
  });
});

describe('the settings', () => {
  it('have defaults for a node', () => {
    expect(readSettings({KNI_NODE_NAME: 'node-a'})).toEqual({
      socket: '/run/kni/kni.sock',
      stateDir: '/var/lib/kni-runtime',
      netnsDir: '/run/netns',
      nodeName: 'node-a',
      podCidrs: [],
      kubeconfig: '/etc/kubernetes/kubelet.conf',
    });
  });

  it('read the subnets, and refuse invalid ones', () => {
    expect(readSettings({KNI_POD_CIDRS: '10.1.2.3/24, fd00::/64'}).podCidrs).toEqual([
      '10.1.2.0/24',
      'fd00::/64',
    ]);
    expect(() => readSettings({KNI_POD_CIDRS: '10.1.2.0'})).toThrow(
      'invalid KNI_POD_CIDRS: "10.1.2.0" is not a subnet such as 10.244.1.0/24',
    );
  });
});
