import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dnsServer} from '../../../src/stages/build/dns.ts';
import {artifactOf} from '../../../src/stages/lib/products.ts';
import {dns} from '../../../src/stages/setup/dns.ts';
import {applyManifest, getJson, kubectl} from '../../../src/tools/kubectl.ts';
import {exchange} from '../../rig/demo.ts';
import {cluster, demoWith, ps, running} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const on = ([file, args]: readonly [string, readonly string[]]) =>
  ['docker', ['exec', 'test1-control-plane', file, ...args]] as const;
const onWithInput = ([file, args]: readonly [string, readonly string[]]) =>
  ['docker', ['exec', '-i', 'test1-control-plane', file, ...args]] as const;

describe('the DNS server in the cluster', () => {
  const get = on(getJson('-n', 'kube-system', 'deployments', 'coredns', 'kni-dns', '--ignore-not-found'));
  const deployment = (name: string, build?: string) => ({
    metadata: {name, ...(build !== undefined && {annotations: {'kni-demo.dev/build': build}})},
  });
  const build = '0123456789abcdef';

  it.each([
    ['no Deployment', [], undefined],
    ['only CoreDNS', [deployment('coredns')], undefined],
    ['CoreDNS, too', [deployment('coredns'), deployment('kni-dns', build)], undefined],
    ['another build', [deployment('kni-dns', 'another')], undefined],
    ['a Deployment of somebody else', [deployment('kni-dns')], undefined],
    ['this build', [deployment('kni-dns', build)], 'up to date'],
  ] as const)('with %s', async (_, items, answer) => {
    await using dir = await tempDir();
    const printed = items.length === 0 ? '' : JSON.stringify({kind: 'List', items});
    const {context} = await demoWith(dir, ps(...cluster) + exchange(get, printed));
    expect(await dns.done?.(context, running)).toBe(answer);
  });

  it('replaces CoreDNS, which is deleted last', async () => {
    await using dir = await tempDir();
    const ports =
      '[{"op":"replace","path":"/spec/ports","value":[{"name":"dns","protocol":"UDP","port":53,"targetPort":"dns"},' +
      '{"name":"dns-tcp","protocol":"TCP","port":53,"targetPort":"dns-tcp"}]}]';
    const {host, context} = await demoWith(
      dir,
      ps(...cluster) +
        exchange(
          on(kubectl('-n', 'kube-system', 'patch', 'service', 'kube-dns', '--type=json', '--patch', ports)),
        ) +
        exchange(onWithInput(applyManifest)) +
        exchange(
          on(
            kubectl(
              '-n',
              'kube-system',
              'delete',
              'deployment',
              'coredns',
              '--ignore-not-found',
              '--wait=false',
            ),
          ),
        ),
    );
    const artifact = artifactOf(dnsServer.id, context, running);
    await mkdir(artifact, {recursive: true});
    await writeFile(join(artifact, 'dns.json'), '{"kind":"List"}');
    await dns.run(context, running);
    expect(() => host.verify()).not.toThrow();
  });
});
