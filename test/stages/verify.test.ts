import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {proveKni, verify} from '../../src/stages/verify.ts';
import {hostOf} from '../rig/cli.ts';
import {demoContext, node, printed, rejection} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const fields = {
  level: 'info',
  time: '2026-11-24T02:00:00.000Z',
  uid: 'u',
  pod: 'default/samplepod',
  netns: '/run/netns/kni-u',
};
const journal = [
  {...fields, msg: 'CreateNetwork ok', rpc: 'CreateNetwork'},
  {...fields, msg: 'AttachInterface ok', rpc: 'AttachInterface', sandbox: 'abc'},
  {...fields, msg: 'QueryPodNetwork ok', rpc: 'QueryPodNetwork', sandbox: 'abc'},
  {
    ...fields,
    msg: 'ipconfigs received for id: abc ip: map[eth0:ip:"10.244.1.5"]',
    rpc: 'QueryPodNetwork',
    sandbox: 'abc',
  },
];
const pod = (ready: string): string =>
  JSON.stringify({
    metadata: {name: 'samplepod', uid: 'u'},
    spec: {nodeName: 'test1-worker'},
    status: {phase: 'Pending', podIP: '10.244.1.5', conditions: [{type: 'Ready', status: ready}]},
  });

/** A cluster whose pod got `address`, as the pod itself sees it. */
const clusterWith = ({
  address = '10.244.1.5',
  found = pod('True'),
  nodeStart = '',
}: {
  readonly address?: string;
  readonly found?: string | (() => string);
  readonly nodeStart?: string;
} = {}) =>
  hostOf((line) => {
    if (line.startsWith('docker ps'))
      return printed(node('test1-control-plane'), node('test1-worker')).join('\n');
    if (line.startsWith('docker inspect')) return nodeStart;
    if (line.includes(' get pods ')) return typeof found === 'string' ? found : found();
    if (line.includes('containers list')) return 'abc';
    if (line.includes('containers info'))
      return JSON.stringify({Spec: {linux: {namespaces: [{type: 'network', path: '/run/netns/kni-u'}]}}});
    if (line.includes('journalctl')) return journal.map((each) => JSON.stringify(each)).join('\n');
    return line.includes('ip addr') ? `    inet ${address}/24 scope global eth0` : '';
  });
const {signal} = new AbortController();

describe('proveKni', () => {
  it('gives the evidence where all of it agrees', async () => {
    await using dir = await tempDir();
    const {checks} = await proveKni(await demoContext(dir, clusterWith()), 'samplepod', signal);
    expect(checks).toHaveLength(5);
  });

  it('says what does not hold, and what was seen instead', async () => {
    await using dir = await tempDir();
    const proving = proveKni(await demoContext(dir, clusterWith({address: '10.0.0.9'})), 'samplepod', signal);
    expect(await rejection(proving, UserError)).toMatchObject({
      what: 'KNI is not proved for pod samplepod',
      why: 'it does not hold that it is the address on eth0 in the pod: saw 10.0.0.9',
    });
  });

  it.each([
    [pod('False'), 'phase Pending'],
    ['', 'there is no such pod'],
  ])('needs a pod that is Ready: %#', async (found, why) => {
    await using dir = await tempDir();
    const proving = proveKni(await demoContext(dir, clusterWith({found})), 'samplepod', signal);
    expect(await rejection(proving, UserError)).toMatchObject({what: 'pod samplepod is not Ready', why});
  });
});

describe('verify', () => {
  const running = {fingerprint: '', fingerprintOf: () => '', signal, log: () => undefined};

  it('proves anew each time, and tells the line of the log and each claim', async () => {
    await using dir = await tempDir();
    const said: string[] = [];
    expect(verify.kni).not.toHaveProperty('done');
    await verify.kni.run(await demoContext(dir, clusterWith()), {
      ...running,
      log: (line) => void said.push(line),
    });
    expect(said).toHaveLength(6);
    expect(said[0]).toMatch(/^ipconfigs received for id: /);
  });

  it('does not take a pod for Ready that was started before its node', async () => {
    await using dir = await tempDir();
    const startedAt = (time: string): string => {
      const {metadata, spec, status} = JSON.parse(pod('True')) as Record<string, object>;
      const containerStatuses = [{state: {running: {startedAt: time}}}];
      return JSON.stringify({metadata, spec, status: {...status, containerStatuses}});
    };
    const [stale, current] = ['2026-11-28T05:00:00Z', '2026-11-28T05:00:10Z'];
    const nodeStart = '/test1-worker 2026-11-28T05:00:10.5Z';
    const done = async (found: string) =>
      verify.samplePod.done?.(await demoContext(dir, clusterWith({found, nodeStart})), running);
    expect(await done(startedAt(stale))).toBeUndefined();
    expect(await done(startedAt(current))).toBe('Ready on test1-worker with 10.244.1.5');

    let asked = 0;
    const host = clusterWith({found: () => startedAt((asked += 1) < 3 ? stale : current), nodeStart});
    const said: string[] = [];
    await verify.samplePod.run(await demoContext(dir, host), {
      ...running,
      log: (line) => void said.push(line),
    });
    expect([asked, said]).toEqual([3, ['Ready on test1-worker with 10.244.1.5']]);
  });

  it('makes the sample pod on a worker, unless it is Ready', async () => {
    await using dir = await tempDir();
    const host = clusterWith();
    const context = await demoContext(dir, host);
    expect(await verify.samplePod.done?.(context, running)).toBe('Ready on test1-worker with 10.244.1.5');
    expect(
      await verify.samplePod.done?.(await demoContext(dir, clusterWith({found: ''})), running),
    ).toBeUndefined();
    await verify.samplePod.run(context, running);
    expect(host.ran.filter((line) => line.includes(' apply '))).toHaveLength(1);
  });
});
