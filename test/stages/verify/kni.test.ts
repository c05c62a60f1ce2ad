import {describe, expect, it} from 'vitest';
import {proveSamplePod} from '../../../src/stages/verify/kni.ts';
import {samplePod} from '../../../src/stages/verify/sample-pod.ts';
import {demoContext} from '../../rig/demo.ts';
import {clusterWith, pod} from '../../rig/proved-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const {signal} = new AbortController();

describe('verify', () => {
  const running = {fingerprint: '', fingerprintOf: () => '', signal, log: () => undefined};

  it('runs the proof each time, and prints the log line and each claim', async () => {
    await using dir = await tempDir();
    const said: string[] = [];
    expect(proveSamplePod).not.toHaveProperty('done');
    await proveSamplePod.run(await demoContext(dir, clusterWith()), {
      ...running,
      log: (line) => void said.push(line),
    });
    expect(said).toHaveLength(7);
    expect(said[6]).toBe('6. Service reached by name     kubernetes.default (Kubernetes v1.20.2)');
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
      samplePod.done?.(await demoContext(dir, clusterWith({found, nodeStart})), running);
    expect(await done(startedAt(stale))).toBeUndefined();
    expect(await done(startedAt(current))).toBe('Ready on test1-worker with 10.244.1.5');

    let asked = 0;
    const host = clusterWith({found: () => startedAt((asked += 1) < 3 ? stale : current), nodeStart});
    const said: string[] = [];
    await samplePod.run(await demoContext(dir, host), {
      ...running,
      log: (line) => void said.push(line),
    });
    expect([asked, said]).toEqual([3, ['Ready on test1-worker with 10.244.1.5']]);
  });

  it('makes the sample pod on a worker, unless it is Ready', async () => {
    await using dir = await tempDir();
    const host = clusterWith();
    const context = await demoContext(dir, host);
    expect(await samplePod.done?.(context, running)).toBe('Ready on test1-worker with 10.244.1.5');
    expect(await samplePod.done?.(await demoContext(dir, clusterWith({found: ''})), running)).toBeUndefined();
    await samplePod.run(context, running);
    expect(host.ran.filter((line) => line.includes(' apply '))).toHaveLength(1);
  });
});
