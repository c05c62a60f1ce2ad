/** A running cluster gets Kubernetes and containerd from other sources. Ends with the pinned ones. */

import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {kubectl, named, onNode, value, worker} from '../../rig/cluster/cluster.ts';
import {repositoryOf} from '../../rig/cluster/debian-source.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo} from '../../rig/cluster/kni-demo.ts';
import {podIp, sample} from '../../rig/cluster/pods.ts';

useCluster();

describe('own sources', () => {
  it('replace kubelet and containerd of a running cluster, from git or a directory, until up without them', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kni-own-'));
    try {
      const kubernetes = await repositoryOf('kubernetes', dir, 'v0.0.1');
      const containerd = await repositoryOf('containerd', dir, 'v0.0.1');
      const before = await identity();

      const kubernetesFromGit = `--source=kubernetes=file://${kubernetes.path}#v0.0.1`;
      const containerdFromGit = `--source=containerd=file://${containerd.path}#main`;
      const fromGit = [kubernetesFromGit, containerdFromGit];
      expect(await kniDemo('up', '--quiet', ...named, ...fromGit)).toMatchObject({exitCode: exitCodes.ok});
      expect(await versions()).toEqual([
        expect.stringContaining(`+${kubernetes.commit.slice(0, 12)}`),
        expect.stringContaining(`+${containerd.commit.slice(0, 12)}`),
      ]);
      expect(await identity()).toEqual(before);
      const again = await kniDemo('up', '--quiet', ...named, ...fromGit);
      expect(again.stdout).toContain('nothing was changed');

      const kubelet = join(kubernetes.path, 'pkg/kubelet/kubelet.go');
      const text = await readFile(kubelet, 'utf8');
      const edited = text.replace('Starting kubelet main sync loop', 'Hello from an edited kubelet');
      expect(edited).not.toBe(text);
      await writeFile(kubelet, edited);
      const fromDirectory = `--source=kubernetes=${kubernetes.path}`;
      const {exitCode, stdout} = await kniDemo('up', '--quiet', ...named, fromDirectory);
      expect(exitCode).toBe(exitCodes.ok);
      expect(stdout).not.toContain('[build/kubernetes] started');
      expect(await onNode(worker, 'journalctl', '-u', 'kubelet', '--no-pager')).toContain(
        'Hello from an edited kubelet',
      );
      expect(await identity()).toEqual(before);

      expect(await kniDemo('up', '--quiet', ...named)).toMatchObject({exitCode: exitCodes.ok});
      expect((await versions()).join()).not.toContain('+');
      expect(await identity()).toEqual(before);
    } finally {
      await rm(dir, {recursive: true});
    }
  });
});

/** Must not change: the sample pod, its container and its address. */
const identity = async () => [
  await value('.metadata.uid', 'pod', sample),
  await value('.status.containerStatuses[0].containerID', 'pod', sample),
  await podIp(sample),
];

const versions = async (): Promise<readonly string[]> =>
  (
    await kubectl(
      'get',
      'node',
      worker,
      '-o',
      'jsonpath={.status.nodeInfo.kubeletVersion} {.status.nodeInfo.containerRuntimeVersion}',
    )
  ).split(' ');
