/** runtime dev: puts a project on all nodes after each save, proves it, and shows what it logs. */

import {setMaxListeners} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import type {DeployedVersion} from '../../changes/change.ts';
import {type Changes, withChanges} from '../../changes/changes.ts';
import {
  type Cluster,
  clusterDirectory,
  nameFlag,
  requireAllNodes,
  requireCluster,
} from '../../cluster/cluster.ts';
import {proofLines} from '../../cluster/proof.ts';
import {
  developedId,
  requireOwnNetwork,
  type UserRuntime,
  userRuntimesOf,
} from '../../cluster/user-runtime.ts';
import {UserError} from '../../errors.ts';
import {lastLineOf} from '../../host/reason.ts';
import {programName} from '../../runtimes/build.ts';
import {deployOnAll, developedName, developedProgram, digestOf} from '../../runtimes/deploy.ts';
import {followLogs} from '../../runtimes/follow-logs.ts';
import type {GoCompiler} from '../../runtimes/go-project.ts';
import {type Project, readProject} from '../../runtimes/project.ts';
import {explainProof, renewSamplePod, samplePodNode} from '../../runtimes/renew-pod.ts';
import {useRuntime} from '../../runtimes/use.ts';
import {buildsOf} from '../../runtimes/watch.ts';
import {hostAndDirs} from '../context.ts';
import {developmentText} from '../development-text.ts';
import {goCompilerFor} from '../go-compiler.ts';
import {restoreLocked, startingAnew} from '../interrupted.ts';
import {runLocked} from '../run-locked.ts';
import {type RunOutput, runOutput} from '../run-output.ts';
import type {World} from '../world.ts';
import {confirmSwitch} from './runtime-use.ts';

export interface RuntimeDevOptions {
  readonly name: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

/** Ends with Ctrl-C. The last version that was proved stays in use. */
export const runtimeDev = async (
  world: World,
  dir: string,
  {name, yes = false, json = false, lockTimeout}: RuntimeDevOptions,
): Promise<void> => {
  const {signal} = world;
  const project = await readProject(resolve(world.directory ?? process.cwd(), dir));
  const place = hostAndDirs(world);
  const output = runOutput(world, json);
  const command = 'kni-demo runtime dev';
  const compileGo = await goCompilerFor(world, project, {command, lockTimeout, json, output, cluster: name});
  await runLocked(place.dirs, {command, lockTimeout, say: output.note, signal}, async () => {
    const cluster = await requireCluster(place, name, signal);
    await requireAllNodes(place.dirs, name, cluster.nodes);
    await restoreLocked(world, place, name);
    await requireOwnNetwork(place.dirs, name);
    const source = project.directory;
    const options = {cluster: name, command, signal, say: output.note};
    const before = await userRuntimesOf(cluster, signal);
    const hasServed = await withChanges(place, options, (changes) =>
      develop(world, {project, compileGo, cluster, name, yes, output, changes}),
    );
    const {isUsed, text} = await endOf(cluster, {source, hasServed, before});
    const runtime = isUsed ? {source, id: developedId} : null;
    output.record('result', {command: 'runtime dev', exitCode: 0, cluster: name, runtime});
    output.say(text);
    if (text !== unchanged) output.say(`  kni-demo runtime use default${nameFlag(name)}`);
  });
};

const unchanged = 'Nothing was changed.';

interface Ended {
  readonly source: string;
  readonly hasServed: boolean;
  /** The runtimes of the nodes before. */
  readonly before: ReadonlyMap<string, UserRuntime>;
}

/** After a rollback, kni-demo's own runtime may have replaced a version that does not work any more, or the former runtime. */
const endOf = async (
  cluster: Cluster,
  {source, hasServed, before}: Ended,
): Promise<{readonly isUsed: boolean; readonly text: string}> => {
  try {
    const after = await userRuntimesOf(cluster, AbortSignal.timeout(20_000));
    const isSame = (wanted: (node: string) => UserRuntime | undefined): boolean =>
      cluster.nodes.every(({name}) => isDeepStrictEqual(after.get(name), wanted(name)));
    if (!hasServed) {
      const text = isSame((node) => before.get(node))
        ? unchanged
        : 'Some nodes do not run their former network runtime.';
      return {isUsed: false, text};
    }
    const isUsed = isSame(() => ({source, id: developedId}));
    return {isUsed, text: isUsed ? `Still in use: ${source}` : `Some nodes do not run ${source}.`};
  } catch (error) {
    const why = lastLineOf(error);
    return {isUsed: false, text: `Cannot read which network runtime the nodes run: ${why}`};
  }
};

interface Session {
  readonly project: Project;
  readonly compileGo: GoCompiler | undefined;
  readonly cluster: Cluster;
  /** The name of the cluster. */
  readonly name: string;
  readonly yes: boolean;
  readonly output: RunOutput;
  /** Versions that were not proved: the proved one comes back at the end, and by the next command after `kill -9`. */
  readonly changes: Changes;
}

/** Returns whether a version of the project has served. */
const develop = async (world: World, session: Session): Promise<boolean> => {
  const ending = new AbortController();
  const signal = AbortSignal.any([world.signal, ending.signal]);
  // The log of each node has a listener. Node.js warns of a leak at 11.
  setMaxListeners(0, signal);
  const {project, compileGo, cluster, output, changes} = session;
  const text = developmentText(world, cluster, output);
  const version = {source: project.directory, name: developedName(project)};
  let proving = {cancel: (): void => undefined, ended: Promise.resolve()};
  let logs: Promise<void> | undefined;
  /** The version that runs on all nodes. */
  let served: Buffer | undefined;
  /** The last version that was proved, in this session or an earlier one. */
  let proved = await developedProgram(cluster, version, signal);
  let samplePlace: string | undefined;
  const sampleNode = async (): Promise<string> => {
    samplePlace ??= await samplePodNode(cluster, signal);
    return samplePlace;
  };
  let unproved: readonly DeployedVersion[] = [];
  const keepVersion = async (program: Buffer): Promise<void> => {
    const kept = unproved;
    [proved, unproved] = [program, []];
    await changes.keep(...kept);
  };
  const proveVersion = (program: Buffer, changedAt: number): void => {
    const onProved = (): Promise<void> => keepVersion(program);
    proving = prove(cluster, changedAt, {after: proving.ended, sampleNode, text, onProved, signal});
    // An unexpected error ends the session, which then awaits the proof and fails with this error.
    proving.ended.catch(() => ending.abort());
  };
  text.say(`Watching ${project.directory}. Ctrl-C ends.`);
  try {
    for await (const build of buildsOf(project, {compileGo, signal})) {
      if (build.kind === 'failed') {
        text.failed(build.error, (served ?? proved) !== undefined);
        continue;
      }
      const {program, changedAt} = build;
      if (served?.equals(program)) {
        text.say('unchanged: this version serves already');
        continue;
      }
      proving.cancel();
      const former = served ?? proved;
      let outcome: UserError | readonly string[];
      if (former === undefined || proved === undefined) outcome = await useFirst(world, session, program);
      else {
        if (unproved.length === 0) unproved = await recordVersion(session, proved);
        const onServing = (): void => text.serving(performance.now() - changedAt);
        outcome = await deployOnAll(cluster, {...version, program, proved, former, onServing});
      }
      if (outcome instanceof UserError) {
        text.failed(former === undefined ? outcome : withoutLog(outcome), former !== undefined);
        // Its proof was cancelled, and it serves again.
        if (served !== undefined && proved?.equals(served) !== true) proveVersion(served, changedAt);
        else if (proved !== undefined) await keepVersion(proved);
        continue;
      }
      served = program;
      logs ??= followLogs(cluster, (node, line) => text.log(node, line), signal);
      if (former === undefined) {
        proved = program;
        text.proved(performance.now() - changedAt, outcome);
      } else proveVersion(program, changedAt);
    }
    proving.cancel();
    await Promise.all([proving.ended, logs]);
  } finally {
    // After an error, neither must outlive the command: a log that is followed would keep this process alive.
    proving.cancel();
    ending.abort();
    await Promise.allSettled([proving.ended, logs]);
  }
  if (served !== undefined && proved?.equals(served) !== true)
    text.say('The last version was not proved. Going back to the one before.');
  return served !== undefined;
};

/** Before the first deployment that follows a proof. */
const recordVersion = async (
  {cluster, project, changes}: Session,
  proved: Buffer,
): Promise<readonly DeployedVersion[]> => {
  const records = cluster.nodes.map(
    ({name: node}): DeployedVersion => ({
      kind: 'version-deployed',
      node,
      source: project.directory,
      program: developedName(project),
      proved: digestOf(proved),
    }),
  );
  for (const each of records) await changes.make(each, async () => undefined);
  return records;
};

/** Returns the proof, or why the runtime was rolled back. */
const useFirst = async (
  world: World,
  {project, cluster, name, yes, output}: Session,
  content: Buffer,
): Promise<UserError | readonly string[]> => {
  const {signal} = world;
  const {note} = output;
  const place = hostAndDirs(world);
  const source = project.directory;
  const file = join(clusterDirectory(place.dirs, name), programName(project));
  await writeFile(file, content);
  await confirmSwitch(world, cluster, {label: source, yes, output});
  const isScript = project.kind === 'typescript';
  const program = {file, source, id: developedId, name: developedName(project), isScript};
  const options = {cluster: name, command: 'kni-demo runtime dev', signal, say: note};
  try {
    const {checks} = await startingAnew(world, () =>
      withChanges(place, options, (changes) => useRuntime(changes, {...place, program, signal, say: note})),
    );
    return proofLines(checks);
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError) || error.errorCode !== 'KNI-E117') throw error;
    return error;
  }
};

/** Without the log of the runtime, which is on the screen already. */
const withoutLog = ({what, why, tryThis, errorCode: code}: UserError): UserError =>
  new UserError({what, why: why.split('\n')[0] ?? '', tryThis, code});

interface Proving {
  /** The end of the proof of the version before: both make the same pod. */
  readonly after: Promise<void>;
  readonly text: ReturnType<typeof developmentText>;
  readonly sampleNode: () => Promise<string>;
  readonly onProved: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Recreates the sample pod in the background: the next save does not wait for a pod that cannot become Ready. */
const prove = (
  cluster: Cluster,
  changedAt: number,
  {after, sampleNode, text, onProved, signal}: Proving,
): {cancel(): void; readonly ended: Promise<void>} => {
  const cancelled = new AbortController();
  const either = AbortSignal.any([signal, cancelled.signal]);
  const work = async (): Promise<void> => {
    await after;
    try {
      either.throwIfAborted();
      const {checks} = await renewSamplePod(cluster, await sampleNode(), either);
      either.throwIfAborted(); // another version may serve by now
      await onProved();
      text.proved(performance.now() - changedAt, proofLines(checks));
    } catch (error) {
      if (either.aborted) return;
      const expected = explainProof(error);
      if (!(expected instanceof UserError)) throw expected;
      text.failed(expected, false);
    }
  };
  return {cancel: () => cancelled.abort(), ended: work()};
};
