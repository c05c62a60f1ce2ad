import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../../src/errors.ts';
import {dnsServer} from '../../../src/stages/build/dns.ts';
import {artifactOf} from '../../../src/stages/lib/products.ts';
import {dns} from '../../../src/stages/setup/dns.ts';
import {applyManifest, getJson, kubectl} from '../../../src/tools/kubectl.ts';
import {exchange, rejection} from '../../rig/demo.ts';
import {cluster, demoWith, ps, running} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const on = ([file, args]: readonly [string, readonly string[]]) =>
  ['docker', ['exec', 'test1-control-plane', file, ...args]] as const;
const onWithInput = ([file, args]: readonly [string, readonly string[]]) =>
  ['docker', ['exec', '-i', 'test1-control-plane', file, ...args]] as const;

describe('the DNS server in the cluster', () => {
  const get = on(getJson('-n', 'kube-system', 'deployments', 'coredns', 'kni-dns', '--ignore-not-found'));
  const deployment = (name: string, build?: string, available = 'True') => ({
    metadata: {name, ...(build !== undefined && {annotations: {'kni-demo.dev/build': build}})},
    status: {conditions: [{type: 'Available', status: available}]},
  });
  const build = '0123456789abcdef';

  it.each([
    ['no Deployment', [], undefined],
    ['only CoreDNS', [deployment('coredns')], undefined],
    ['CoreDNS, too', [deployment('coredns'), deployment('kni-dns', build)], undefined],
    ['another build', [deployment('kni-dns', 'another')], undefined],
    ['a foreign Deployment', [deployment('kni-dns')], undefined],
    ['this build, which is not available', [deployment('kni-dns', build, 'False')], undefined],
    ['this build', [deployment('kni-dns', build)], 'up to date'],
  ] as const)('with %s', async (_, items, answer) => {
    await using dir = await tempDir();
    const printed = items.length === 0 ? '' : JSON.stringify({kind: 'List', items});
    const {context} = await demoWith(dir, ps(...cluster) + exchange(get, printed));
    expect(await dns.done?.(context, running)).toBe(answer);
  });

  const rollout = on(
    kubectl('-n', 'kube-system', 'rollout', 'status', 'deployment/kni-dns', '--timeout=180s'),
  );

  /** Runs the task, whose last command prints `lines`. */
  const runWith = async (...lines: readonly string[]): Promise<'done'> => {
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
        ) +
        exchange(rollout, ...lines),
    );
    const artifact = artifactOf(dnsServer.id, context, running);
    await mkdir(artifact, {recursive: true});
    await writeFile(join(artifact, 'dns.json'), '{"kind":"List"}');
    await dns.run(context, running);
    expect(() => host.verify()).not.toThrow();
    return 'done';
  };

  it('replaces CoreDNS, which is deleted last, and waits for the new pods', async () =>
    expect(await runWith('deployment "kni-dns" successfully rolled out')).toBe('done'));

  it('fails if the pods do not become ready, and says where to look', async () => {
    const failed = runWith('error: timed out waiting for the condition', '[exit code 1]');
    expect(await rejection(failed, UserError)).toMatchObject({
      message: expect.stringContaining('the DNS server did not become ready'),
      why: 'kubectl rollout status: error: timed out waiting for the condition',
      tryThis: 'kni-demo kubectl -n kube-system describe pods -l app.kubernetes.io/name=kni-dns',
    });
  });
});
