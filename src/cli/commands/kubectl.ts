/** kubectl: runs the kubectl of the cluster on this machine, with the cluster's kubeconfig. */

import {chmod, mkdir, rename} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {exists} from '../../cache/files.ts';
import {markDirectories} from '../../cache/marker.ts';
import {kubeconfigOf, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {attach} from '../../host/process.ts';
import {copyFromContainer} from '../../tools/docker.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import {ProgramExit} from '../report.ts';
import type {World} from '../world.ts';

export interface KubectlOptions {
  readonly name: string;
}

/**
 * Copies kubectl from the control plane once for each node image: it has the version of the cluster, and here it can read
 * the user's files. Throws ProgramExit with kubectl's exit code.
 */
export const kubectl = async (
  world: World,
  args: readonly string[],
  {name}: KubectlOptions,
): Promise<void> => {
  const {signal} = world;
  const {host, dirs} = hostAndDirs(world);
  const {nodes} = await requireCluster({host, dirs}, name, signal);
  await noteChanges(world, name);
  const [control, ...more] = nodes.filter(({role}) => role === 'control-plane');
  requireRunning(name, [...(control ? [control] : []), ...more]);
  const program = join(dirs.cache, 'kubectl', (control?.image ?? '').replaceAll(/[^\w.-]/g, '_'), 'kubectl');
  if (!(await exists(program))) {
    await markDirectories(dirs);
    await mkdir(dirname(program), {recursive: true});
    const partial = `${program}.partial-${process.pid}`;
    await host.run(copyFromContainer(control?.name ?? '', '/usr/bin/kubectl', partial), {signal});
    await chmod(partial, 0o755);
    await rename(partial, program);
  }
  const run = world.attach ?? attach;
  const code = await run([program, args], {env: {KUBECONFIG: kubeconfigOf(dirs, name)}, signal});
  if (code !== 0) throw new ProgramExit(code);
};
