/** runtime dev: puts a project on all nodes after each save, proves it, and shows what it logs. */

import {writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {withChanges} from '../../changes/changes.ts';
import {
  type Cluster,
  clusterDirectory,
  nameFlag,
  requireCluster,
  requireRunning,
} from '../../cluster/cluster.ts';
import {proofLines} from '../../cluster/proof.ts';
import {requireOwnNetwork} from '../../cluster/user-runtime.ts';
import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import {programName} from '../../runtimes/build.ts';
import {deployOnAll, developedId, developedProgram} from '../../runtimes/deploy.ts';
import {followLogs} from '../../runtimes/follow-logs.ts';
import type {GoCompiler} from '../../runtimes/go-project.ts';
import {type Project, readProject} from '../../runtimes/project.ts';
import {renewSamplePod, samplePodNode} from '../../runtimes/renew-pod.ts';
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
  const compileGo = await goCompilerFor(world, project, {command, lockTimeout, json, output});
  await runLocked(place.dirs, {command, lockTimeout, say: output.note, signal}, async () => {
    const cluster = await requireCluster(place, name, signal);
    requireRunning(name, cluster.nodes);
    await restoreLocked(world, place, name);
    await requireOwnNetwork(place.dirs, name);
    await develop(world, {project, compileGo, cluster, name, yes, output});
  });
};

interface Session {
  readonly project: Project;
  readonly compileGo: GoCompiler | undefined;
  readonly cluster: Cluster;
  /** The name of the cluster. */
  readonly name: string;
  readonly yes: boolean;
  readonly output: RunOutput;
}

const develop = async (world: World, session: Session): Promise<void> => {
  const {signal} = world;
  const {project, compileGo, cluster, name, output} = session;
  const text = developmentText(world, cluster, output);
  const version = {source: project.directory, name: programName(project)};
  let proving = {cancel: (): void => undefined, ended: Promise.resolve()};
  let logs: Promise<void> | undefined;
  /** The version that runs on all nodes. */
  let served: Buffer | undefined;
  /** The last version that was proved, in this session or an earlier one. */
  let proved = await developedProgram(cluster, version, signal);
  const proveVersion = (program: Buffer, changedAt: number): void => {
    const onProved = (): void => void (proved = program);
    proving = prove(cluster, changedAt, {after: proving.ended, text, onProved, signal});
  };
  text.say(`Watching ${project.directory}. Ctrl-C ends.`);
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
    const outcome =
      former === undefined
        ? await useFirst(world, session, program)
        : await deployOnAll(cluster, {...version, program, former});
    if (outcome instanceof UserError) {
      text.failed(former === undefined ? outcome : withoutLog(outcome), former !== undefined);
      // Its proof was cancelled, and it serves again.
      if (served !== undefined && proved?.equals(served) !== true) proveVersion(served, changedAt);
      continue;
    }
    served = program;
    logs ??= followLogs(cluster, (node, line) => text.log(node, line), signal);
    const took = performance.now() - changedAt;
    if (former === undefined) {
      proved = program;
      text.proved(took, outcome);
    } else {
      text.serving(took);
      proveVersion(program, changedAt);
    }
  }
  proving.cancel();
  await Promise.all([proving.ended, logs]);
  if (served !== undefined && proved !== undefined && !proved.equals(served)) {
    text.say('The last version was not proved. Going back to the one before.');
    const refused = await deployOnAll(cluster, {...version, program: proved, former: served});
    if (refused instanceof UserError) throw refused;
  }
  const {source} = version;
  const runtime = served === undefined ? null : {source, id: developedId};
  output.record('result', {command: 'runtime dev', exitCode: 0, cluster: name, runtime});
  if (served === undefined) return text.say('Nothing was changed.');
  text.say(`Still in use: ${source}`);
  text.say(`  kni-demo runtime use default${nameFlag(name)}`);
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
  const program = {file, source, id: developedId, name: programName(project), isScript};
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
  readonly onProved: () => void;
  readonly signal: AbortSignal;
}

/** Recreates the sample pod in the background: the next save does not wait for a pod that cannot become Ready. */
const prove = (
  cluster: Cluster,
  changedAt: number,
  {after, text, onProved, signal}: Proving,
): {cancel(): void; readonly ended: Promise<void>} => {
  const cancelled = new AbortController();
  const either = AbortSignal.any([signal, cancelled.signal]);
  const work = async (): Promise<void> => {
    await after;
    try {
      either.throwIfAborted();
      const node = await samplePodNode(cluster, either);
      const {checks} = await renewSamplePod(cluster, node, either);
      onProved();
      text.proved(performance.now() - changedAt, proofLines(checks));
    } catch (error) {
      if (either.aborted) return;
      const expected = error instanceof CommandError ? unreachable(error) : error;
      if (!(expected instanceof UserError)) throw expected;
      text.failed(expected, false);
    }
  };
  return {cancel: () => cancelled.abort(), ended: work()};
};

const unreachable = (cause: CommandError): UserError =>
  new UserError(
    {
      what: 'cannot prove this version',
      why: cause.lastLine,
      tryThis: 'check that the nodes run: kni-demo status',
      code: 'KNI-E102',
    },
    {cause},
  );
