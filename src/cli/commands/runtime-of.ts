/** stop --runtime-of and start --runtime-of: the network runtime of one node. It stays stopped until it or its node is started. */

import {systemctl} from '../../changes/systemctl.ts';
import {nameFlag, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {waitForAnswer} from '../../cluster/runtime-answer.ts';
import {seconds} from '../../duration.ts';
import type {Host} from '../../host/host.ts';
import {hostAndDirs} from '../context.ts';
import {restoreLocked} from '../interrupted.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';
import type {StopStartOptions} from './stop-start.ts';

const unit = 'kni';

/** Throws UserError when the node is unknown or stopped. */
export const stopRuntime = (world: World, node: string, options: StopStartOptions): Promise<void> =>
  withRuntime(world, node, {...options, verb: 'stop'}, async ({host, isRunning, say}) => {
    if (!isRunning) return say(`The network runtime of ${node} is stopped already.`);
    const begun = performance.now();
    await systemctl(host, 'stop', [unit], world.signal);
    say(`The network runtime of ${node} is stopped. ${seconds(performance.now() - begun)}`);
    say('The node becomes NotReady within 30 s. Its pods keep their networks.');
    say(`Start it again: kni-demo start --runtime-of ${node}${nameFlag(options.name)}`);
  });

/** Resolves when the runtime answers. Throws UserError when the node is unknown or stopped. */
export const startRuntime = (world: World, node: string, options: StopStartOptions): Promise<void> =>
  withRuntime(world, node, {...options, verb: 'start'}, async ({host, isRunning, say}) => {
    if (isRunning) return say(`The network runtime of ${node} runs already.`);
    const {signal} = world;
    const begun = performance.now();
    await systemctl(host, 'start', [unit], signal);
    await waitForAnswer(host, {node, signal});
    say(`The network runtime of ${node} answers again. ${seconds(performance.now() - begun)}`);
  });

interface RuntimeWork {
  /** The node. */
  readonly host: Host;
  readonly isRunning: boolean;
  readonly say: (line: string) => void;
}

const withRuntime = async (
  world: World,
  node: string,
  {name, json, lockTimeout, verb}: StopStartOptions & {readonly verb: 'stop' | 'start'},
  work: (runtime: RuntimeWork) => Promise<void>,
): Promise<void> => {
  const {signal} = world;
  const place = hostAndDirs(world);
  const {say, note, record} = runOutput(world, json);
  await runLocked(
    place.dirs,
    {command: `kni-demo ${verb} --runtime-of`, lockTimeout, say: note, signal},
    async () => {
      const cluster = await requireCluster(place, name, signal);
      const host = cluster.node(node); // throws when the node is unknown
      requireRunning(
        name,
        cluster.nodes.filter((each) => each.name === node),
      );
      await restoreLocked(world, place, name);
      const isRunning = await runs(host, signal);
      await work({host, isRunning, say});
      const changed = isRunning === (verb === 'stop');
      record('result', {command: verb, exitCode: 0, cluster: name, changed, nodes: [], runtimeOf: node});
    },
  );
};

const runs = async (host: Host, signal: AbortSignal): Promise<boolean> => {
  const {stdout} = await host.run(['sh', ['-c', `systemctl is-active ${unit} || true`]], {
    signal,
    timeout: 20_000,
  });
  return !['inactive', 'failed'].includes(stdout.trim());
};
