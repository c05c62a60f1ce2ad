/**
 * `up` from nothing. Removes the cluster first, so it is skipped with KNI_E2E_CLUSTER, which names a cluster to keep.
 */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {cluster, dirs, lent, named, run, value} from '../../rig/cluster/cluster.ts';
import {dump} from '../../rig/cluster/fixture.ts';
import {kniDemo, start} from '../../rig/cluster/kni-demo.ts';
import {sample} from '../../rig/cluster/pods.ts';

/** Milliseconds for compiling everything on a slow machine. */
const buildTime = 2_700_000;

describe.skipIf(lent)('up', () => {
  beforeAll(async () => {
    // Without an engine no cluster exists.
    const engine = await run('docker', 'version').catch(() => undefined);
    if (engine !== undefined) await kniDemo('down', ...named, '--yes');
  });
  beforeEach(({onTestFailed}) => onTestFailed(dump));

  it('stops at Ctrl-C while the cluster is created', async () => {
    const cancelled = start('up', '--stack', 'bookworm', '--yes', '--quiet', ...named);
    await cancelled.printed('[setup/cluster] started', buildTime);
    cancelled.interrupt();
    const {exitCode, stderr} = await cancelled.ended;
    expect(stderr).toContain('cancelled');
    expect(exitCode).toBe(exitCodes.cancelled);
  }, 3_000_000);

  it('continues from there to a cluster with a proved pod', async () => {
    const {exitCode, stdout, stderr} = await kniDemo(
      'up',
      '--stack',
      'bookworm',
      '--yes',
      '--quiet',
      ...named,
    );
    expect(stderr).toBe('');
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).not.toContain('[build/kubernetes] started');
    expect(stdout).toContain(`Cluster ${cluster} is up.`);
  });

  it('changes nothing on a running cluster, and reports that', async () => {
    const identity = async () => [
      await run(
        'docker',
        'ps',
        '--no-trunc',
        '--format',
        '{{.ID}} {{.Names}}',
        '--filter',
        `name=${cluster}`,
      ),
      await value('.metadata.uid', 'pod', sample),
    ];
    const before = await identity();
    const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named);
    expect(exitCode).toBe(exitCodes.ok);
    expect(stdout).toContain('nothing was changed');
    expect(await identity()).toEqual(before);
  });

  it("leaves the user's kubeconfig alone and writes its own", async () => {
    expect(await readFile(process.env['KUBECONFIG'] ?? '', 'utf8')).toContain('current-context: mine');
    const own = await readFile(join(dirs.state, 'clusters', cluster, 'kubeconfig'), 'utf8');
    expect(own).toContain(`kind-${cluster}`);
  });
});
