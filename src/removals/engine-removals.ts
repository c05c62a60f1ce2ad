/** The docker engine that kni-demo started, and what this engine changed on the machine. */

import {rm, rmdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import {removeTree} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {mountPointsIn} from '../host/mounts.ts';
import {engineWithDataRoot, otherEngines, otherEngineWithExecRoot} from '../host/other-engines.ts';
import {waitUntil} from '../host/wait-until.ts';
import {managedEngine, managedEnginePid} from '../stages/lib/managed-engine.ts';
import {recordedNetwork, restoreNetwork} from '../stages/lib/network-record.ts';
import {recordedPackages} from '../stages/lib/packages-record.ts';
import {execRoot} from '../tools/dockerd.ts';
import {unmount} from '../tools/umount.ts';
import {
  noRemovals,
  type Removal,
  type RemovalContext,
  type RemovalOptions,
  type Removals,
} from './removal.ts';

export const engineRemovals = async (
  context: RemovalContext,
  {purge, signal}: Pick<RemovalOptions, 'purge' | 'signal'>,
): Promise<Removals> => {
  const {dirs} = context;
  const pid = await managedEnginePid(dirs);
  if (!purge && pid === undefined) return noRemovals;
  const stop = pid === undefined ? [] : [stopEngine(context, pid, signal)];
  // Rules of a stopped engine would apply to the traffic of another one, whose network may have the same addresses.
  const network = await networkRemovals(context, pid);
  if (!purge) return {removals: [...stop, ...network.removals], kept: []};
  if (pid === undefined) await refuseSharedCache(context);
  const packages = await recordedPackages(dirs);
  return {
    removals: [...stop, ...network.removals],
    kept: [
      ...network.kept,
      ...(packages.length === 0
        ? []
        : [
            `packages that kni-demo installed; to remove them: apt-get remove --autoremove ${packages.join(' ')}`,
          ]),
    ],
  };
};

/** Keeps the data of a running engine: another state directory with the same cache has started it. */
const refuseSharedCache = async ({dirs}: RemovalContext): Promise<void> => {
  const pid = await engineWithDataRoot(managedEngine(dirs).dataRoot);
  if (pid === undefined) return;
  throw new UserError({
    what: `cannot remove the cache ${dirs.cache}`,
    why: `it has the data of a running docker engine, process ${pid}, which another state directory started`,
    tryThis: 'run it with the XDG_STATE_HOME that started the engine, or use --all instead of --purge',
    code: 'KNI-E405',
  });
};

const stopEngine = ({dirs}: RemovalContext, pid: number, signal: AbortSignal): Removal => ({
  what: `the docker engine that kni-demo started, process ${pid}`,
  async remove() {
    process.kill(pid, 'SIGTERM');
    const gone = {what: `process ${pid} to end`, every: 100, atMost: 60_000, signal};
    await waitUntil(gone, async () => ((await managedEnginePid(dirs)) === undefined ? true : undefined));
    await rm(managedEngine(dirs).pidFile, {force: true});
  },
});

/** Restores the network of this machine, even if the engine was killed. */
const networkRemovals = async ({host, dirs}: RemovalContext, pid: number | undefined): Promise<Removals> => {
  const before = await recordedNetwork(dirs);
  const what = "the engine's docker0, bridges, iptables rules, IP forwarding and /run/kni-demo";
  if (before === undefined) {
    // kni-demo 0.1.0 started engines without a record.
    const why = `${what}: no record of this machine before the engine started; a reboot removes them`;
    return {removals: [], kept: pid === undefined ? [] : [why]};
  }
  const others = await otherEngines(pid);
  if (others.length > 0)
    return {removals: [], kept: [`${what}: another engine is running: ${others.join(', ')}`]};
  const remove = async (): Promise<void> => {
    // An engine of another network namespace can have its sockets there, too.
    if ((await otherEngineWithExecRoot(execRoot, pid)) === undefined) await removeExecRoot(host);
    await restoreNetwork(host, dirs, before);
  };
  return {removals: [{what, remove}], kept: []};
};

const removeExecRoot = async (host: Host): Promise<void> => {
  for (const point of await mountPointsIn(execRoot)) await host.run(unmount(point));
  await removeTree(execRoot);
  for (const directory of mayBeLeft) await rmdir(directory).catch(() => undefined);
};

/** Directories that an engine leaves empty. Others may have files in them. */
const mayBeLeft = [
  dirname(execRoot),
  '/run/containerd/s',
  '/run/containerd',
  '/run/docker/plugins',
  '/run/docker',
];
