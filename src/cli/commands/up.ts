/** up: builds what is missing, creates the cluster, and proves that KNI gave the sample pod its network. */

import {markDirectories} from '../../cache/marker.ts';
import {kubeconfigOf, nameFlag} from '../../cluster/cluster.ts';
import {seconds} from '../../duration.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {RunEvent} from '../../graph/events.ts';
import {fingerprintsOf, InputsError} from '../../graph/fingerprint.ts';
import type {Plan} from '../../graph/plan.ts';
import {CommandError} from '../../host/command-error.ts';
import type {OwnSource} from '../../stacks/own-source.ts';
import type {Backend, DemoContext} from '../../stages/context.ts';
import {demoPlan, upTargets} from '../../stages/demo.ts';
import {requireAll, surveyHost, surveyLines} from '../../stages/host/survey.ts';
import {findCluster, plannedNodesOf} from '../../stages/lib/find-cluster.ts';
import {type ResolvedSource, resolveOwnSource} from '../../stages/lib/resolve-own-source.ts';
import {proveSamplePod} from '../../stages/verify/kni.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {chooseStack} from '../choose-stack.ts';
import {demoContext} from '../context.ts';
import {runLocked} from '../run-locked.ts';
import {runWithView} from '../run-with-view.ts';
import {stageTimes} from '../stage-times.ts';
import type {World} from '../world.ts';

export interface UpOptions {
  readonly stack?: string;
  readonly name: string;
  readonly workers: number;
  readonly backend?: Backend;
  readonly source: readonly OwnSource[];
  readonly patch: boolean;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

export const up = async (world: World, options: UpOptions): Promise<void> => {
  const {name, workers, backend, source, patch, yes, lockTimeout, ...flags} = options;
  refuseAmbiguous(source, patch);
  const begun = performance.now();
  const cluster = {name, workers, ...(backend && {backend})};
  const {signal, stdout} = world;
  const say = flags.json ? () => undefined : lineWriter(stdout);
  const choice = options.stack === undefined ? await chooseStack(world, name) : {stack: options.stack};
  const context = await demoContext(world, {stack: choice.stack, cluster, mayInstall: yes ?? false});
  if ('why' in choice) say(`stack ${choice.stack}: ${choice.why}`);

  // Standard output carries only JSON then, so the message about the lock goes to standard error.
  const turn = {
    command: 'kni-demo up',
    lockTimeout,
    say: flags.json ? lineWriter(world.stderr) : say,
    signal,
  };
  await runLocked(context.dirs, turn, async () => {
    const survey = await surveyHost(context, signal);
    for (const line of surveyLines(survey)) say(line);
    requireAll(survey, context);
    const own: ResolvedSource[] = [];
    for (const each of source) own.push(await resolveOwnSource(each, patch, context, signal));
    const plan = demoPlan(context.stack, own);
    const planned = await withPlannedNodes(plan, context);
    await refuseConflictEarly(planned, signal);
    await markDirectories(context.dirs);

    const recorder = runRecorder();
    const run = {
      plan,
      targets: upTargets(plan),
      context: planned,
      stream: stdout,
      flags,
      signal,
      onEvent: recorder.emit,
    };
    const ran = await runWithView(run);

    const paint = paletteOf(stdout);
    say('');
    const [logged = '', ...checks] = recorder.proof;
    say(logged);
    for (const line of checks) say(`${paint.green(line.slice(0, 2))}${line.slice(2)}`);
    say('');
    const made = ran.filter((id) => id !== proveSamplePod.id);
    say(
      made.length === 0
        ? `Cluster ${name} is up already: nothing was changed. ${seconds(performance.now() - begun)}`
        : `Cluster ${name} is up. ${seconds(performance.now() - begun)}: ${recorder.times().join(', ')}`,
    );
    for (const line of nextSteps(context)) say(line);
  });
};

const refuseAmbiguous = (source: readonly OwnSource[], patch: boolean): void => {
  const twice = source.find(
    ({component}, index) => source.findIndex((each) => each.component === component) < index,
  );
  const why =
    twice !== undefined
      ? `--source ${twice.component}= was given twice`
      : !patch && source.length === 0
        ? '--no-patch needs a source of your own (--source)'
        : undefined;
  if (why === undefined) return;
  throw new UserError({
    what: 'invalid sources',
    why,
    tryThis: 'see kni-demo up --help',
    exitCode: exitCodes.badInput,
  });
};

/** Without an input no fingerprint is known. The run will report it. */
const withPlannedNodes = async (plan: Plan<DemoContext>, context: DemoContext): Promise<DemoContext> => {
  try {
    return {...context, plannedNodes: plannedNodesOf({fingerprintOf: await fingerprintsOf(plan, context)})};
  } catch (error) {
    if (!(error instanceof InputsError)) throw error;
    return context;
  }
};

/** Refuses a name that is taken before minutes are spent on building. */
const refuseConflictEarly = async (context: DemoContext, signal: AbortSignal): Promise<void> => {
  if (context.plannedNodes === undefined) return;
  try {
    await findCluster(context, signal);
  } catch (error) {
    // Not knowable yet, because docker is missing or stopped. The task of the cluster looks again.
    if (!(error instanceof CommandError)) throw error;
  }
};

/** Records the events of a run that its summary needs. */
const runRecorder = () => {
  const proof: string[] = [];
  const times = stageTimes(['host', 'init', 'build', 'setup', 'verify']);
  return {
    proof: proof as readonly string[],
    /** One text for each stage: `build 182 s`. */
    times: (): readonly string[] => times.spent().map(([stage, ms]) => `${stage} ${seconds(ms)}`),
    emit: (event: RunEvent): void => {
      if (event.kind === 'output' && event.task === proveSamplePod.id) proof.push(event.line);
      times.emit(event);
    },
  };
};

const nextSteps = ({dirs, cluster: {name}}: DemoContext): readonly string[] => {
  const flag = nameFlag(name);
  return [
    `  docker exec -it ${name}-worker systemctl status kni`,
    `  kni-demo pod inspect samplepod${flag}`,
    `  kni-demo pod create mypod${flag}`,
    `  kni-demo logs -f${flag}`,
    `  export KUBECONFIG=${kubeconfigOf(dirs, name)}`,
    `  kni-demo down${flag}`,
  ];
};
