/** Before all chapters: protects the user's kubeconfig. After them: removes what this run made. */

import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {lent, named, run} from '../rig/cluster/cluster.ts';
import {kniDemo} from '../rig/cluster/kni-demo.ts';

export default async (): Promise<() => Promise<void>> => {
  const scratch = await mkdtemp(join(tmpdir(), 'kni-e2e-'));
  // The chapters run in processes that inherit this variable.
  process.env['KUBECONFIG'] = join(scratch, 'kubeconfig');
  await writeFile(process.env['KUBECONFIG'], 'apiVersion: v1\nkind: Config\ncurrent-context: mine\n');
  const engineWasRunning = await run('docker', 'version').then(
    () => true,
    () => false,
  );
  return async () => {
    if (!lent) {
      await kniDemo('down', ...named, '--yes');
      const others = await run('docker', 'ps', '--all', '--quiet').catch(() => 'unknown');
      if (!engineWasRunning && others === '') await kniDemo('down', '--all', '--yes');
    }
    await rm(scratch, {recursive: true, force: true});
  };
};
