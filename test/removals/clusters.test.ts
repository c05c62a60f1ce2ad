import {access, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {kubeconfigOf} from '../../src/cluster/cluster.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {removeCluster} from '../../src/removals/clusters.ts';
import {deleteCluster} from '../../src/tools/kind.ts';
import {exchange, rejection} from '../rig/demo.ts';
import {demoWith, kubeconfigIn, running} from '../rig/demo-cluster.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe('removing the cluster', () => {
  it('removes its directory only after kind has deleted it', async () => {
    await using dir = await tempDir();
    const kubeconfig = kubeconfigIn(dir);
    const {context} = await demoWith(
      dir,
      exchange(deleteCluster('test1', kubeconfig), '[exit code 1]') +
        exchange(deleteCluster('test1', kubeconfig)),
    );
    await mkdir(join(kubeconfig, '..'), {recursive: true});
    await writeFile(kubeconfigOf(context.dirs, 'test1'), 'secret');
    await rejection(removeCluster(context, 'test1', running.signal), CommandError);
    await access(kubeconfig);
    await removeCluster(context, 'test1', running.signal);
    await expect(access(kubeconfig)).rejects.toThrow('ENOENT');
  });
});
