import {describe, expect, it} from 'vitest';
import {scaleDownDns} from '../../../src/stages/setup/dns.ts';
import {getJson, kubectl} from '../../../src/tools/kubectl.ts';
import {exchange} from '../../rig/demo.ts';
import {cluster, demoWith, ps, running} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('CoreDNS', () => {
  const on = (command: readonly [string, readonly string[]]) =>
    ['docker', ['exec', 'test1-control-plane', command[0], ...command[1]]] as const;
  const get = on(getJson('-n', 'kube-system', 'deployment', 'coredns', '--ignore-not-found'));

  it.each([
    ['', 'no deployment'],
    ['{"spec":{"replicas":0}}', 'no replicas'],
    ['{"spec":{"replicas":2}}', undefined],
    ['{"spec":{}}', undefined],
  ])('of %j: %j', async (deployment, answer) => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(...cluster) + exchange(get, deployment));
    expect(await scaleDownDns.done?.(context, running)).toBe(answer);
  });

  it('is scaled to nothing', async () => {
    await using dir = await tempDir();
    const scale = on(kubectl('-n', 'kube-system', 'scale', 'deployment', 'coredns', '--replicas=0'));
    const {host, context} = await demoWith(dir, ps(...cluster) + exchange(scale));
    await scaleDownDns.run(context, running);
    expect(() => host.verify()).not.toThrow();
  });
});
