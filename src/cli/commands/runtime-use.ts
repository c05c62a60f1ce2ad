/** runtime use: puts a network runtime of the user's own on all nodes, or kni-demo's own again. */

import {resolve} from 'node:path';
import {withChanges} from '../../changes/changes.ts';
import {
  type Cluster,
  clusterDirectory,
  nameFlag,
  requireAllNodes,
  requireCluster,
} from '../../cluster/cluster.ts';
import {samplePodName} from '../../cluster/names.ts';
import {proofLines, runtimeLine} from '../../cluster/proof.ts';
import {type Proof, waitForProof} from '../../cluster/prove-kni.ts';
import {requireOwnNetwork, userRuntimesOf} from '../../cluster/user-runtime.ts';
import {seconds} from '../../duration.ts';
import {UserError} from '../../errors.ts';
import {type Program, programOf} from '../../runtimes/program.ts';
import {readSource} from '../../runtimes/project.ts';
import {podsWithNetwork, useRuntime} from '../../runtimes/use.ts';
import {hostAndDirs} from '../context.ts';
import {goCompilerFor} from '../go-compiler.ts';
import {restoreLocked, startingAnew} from '../interrupted.ts';
import {ownRuntime} from '../own-runtime.ts';
import {runLocked} from '../run-locked.ts';
import {type RunOutput, runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface RuntimeUseOptions {
  readonly name: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** `what` is a directory, a file, or `default`. */
export const runtimeUse = async (
  world: World,
  what: string,
  {name, yes = false, json = false, lockTimeout}: RuntimeUseOptions,
): Promise<void> => {
  const {signal} = world;
  const begun = performance.now();
  const place = hostAndDirs(world);
  const output = runOutput(world, json);
  const {say, note, record} = output;
  const command = 'kni-demo runtime use';
  const source =
    what === ownRuntime ? undefined : await readSource(resolve(world.directory ?? process.cwd(), what));
  const compiling = {command, lockTimeout, json, output, cluster: name};
  const compileGo = source && (await goCompilerFor(world, source, compiling));
  await runLocked(place.dirs, {command, lockTimeout, say: note, signal}, async () => {
    const found = await requireCluster(place, name, signal);
    await requireAllNodes(place.dirs, name, found.nodes);
    await restoreLocked(world, place, name);
    if (source !== undefined) await requireOwnNetwork(place.dirs, name);
    const directory = clusterDirectory(place.dirs, name);
    const program = source && (await programOf(source, directory, {compileGo, signal}));
    const label = program?.source ?? "kni-demo's own network runtime";
    const isInUse = await runsAlready(found, program, signal);
    if (!isInUse) await confirmSwitch(world, found, {label, yes, output});
    const proof = isInUse
      ? await waitForProof(found, samplePodName, signal)
      : await startingAnew(world, () =>
          withChanges(place, {cluster: name, command, signal, say: note}, (changes) =>
            useRuntime(changes, {host: place.host, program, signal, say: note}),
          ),
        );
    record('result', {
      command: 'runtime use',
      exitCode: 0,
      cluster: name,
      runtime: program === undefined ? null : {source: program.source, id: program.id},
      changed: !isInUse,
      proof: textOf(proof),
    });
    for (const line of textOf(proof)) say(line);
    say('');
    const took = seconds(performance.now() - begun);
    say(`${isInUse ? 'Already in use' : 'In use'}: ${label}. ${took}`);
    if (program !== undefined) say(`  kni-demo runtime use default${nameFlag(name)}`);
  });
};

const textOf = ({evidence, checks}: Proof): readonly string[] =>
  [runtimeLine(evidence), ...proofLines(checks)].filter(Boolean);

const runsAlready = async (
  cluster: Cluster,
  program: Program | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  const runtimes = await userRuntimesOf(cluster, signal);
  return program === undefined
    ? runtimes.size === 0
    : cluster.nodes.every(({name}) => runtimes.get(name)?.id === program.id);
};

/** Lists the affected pods. Throws UserError if the user does not confirm. */
export const confirmSwitch = async (
  world: World,
  cluster: Cluster,
  {
    label,
    yes,
    output: {say, note},
  }: {readonly label: string; readonly yes: boolean; readonly output: RunOutput},
): Promise<void> => {
  // The user confirms this list, so --json must not hide it.
  const list = yes ? say : note;
  const pods = await podsWithNetwork(cluster, world.signal);
  list(`Network runtime for all nodes: ${label}`);
  for (const {name} of cluster.nodes) {
    const names = pods.filter(({node}) => node === name).map((pod) => `${pod.namespace}/${pod.name}`);
    list(`- ${name}: ${names.length === 0 ? 'no pods' : names.join(', ')}`);
  }
  list('These pods get new sandboxes and addresses. Their containers end without grace period.');
  if (yes || (await world.confirm(`Switch ${cluster.nodes.length} nodes?`))) return;
  world.signal.throwIfAborted();
  throw new UserError({
    what: 'nothing was changed',
    why: 'you did not confirm',
    tryThis: 'run it again and answer y, or pass --yes',
    code: 'KNI-E214',
  });
};
