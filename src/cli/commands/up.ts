/** up: builds what is missing, creates the cluster, and proves that KNI gave the sample pod its network. */

import {kubeconfigOf, nameFlag} from '../../cluster/cluster.ts';
import {seconds} from '../../duration.ts';
import type {DemoContext} from '../../stages/context.ts';
import {paletteOf} from '../../view/stream.ts';
import type {RunOptions} from '../prepare-run.ts';
import {type RunOutput} from '../run-output.ts';
import {runStages, type StagesResult} from '../run-stages.ts';
import type {World} from '../world.ts';

export const up = (world: World, options: RunOptions): Promise<void> =>
  runStages(world, {command: 'up', last: 'verify', options}, (result, {say}) => {
    sayProof(result, world, say);
    const {name} = result.context.cluster;
    say(
      result.isChanged
        ? `Cluster ${name} is up. ${seconds(result.ms)}: ${timesText(result)}`
        : `Cluster ${name} is up already: nothing was changed. ${seconds(result.ms)}`,
    );
    for (const line of timeLines(result)) say(line);
    for (const line of nextSteps(result.context)) say(line);
  });

/** Below the line that the runtime logged, the checks with green numbers; an empty line before and after. */
export const sayProof = (
  {proof}: Pick<StagesResult, 'proof'>,
  {stdout}: World,
  say: RunOutput['say'],
): void => {
  const paint = paletteOf(stdout);
  const [logged = '', ...checks] = proof;
  say('');
  say(logged);
  for (const line of checks) say(`${paint.green(line.slice(0, 2))}${line.slice(2)}`);
  say('');
};

/** `init 2 s, build 182 s` */
export const timesText = ({times}: Pick<StagesResult, 'times'>): string =>
  times.map(([stage, ms]) => `${stage} ${seconds(ms)}`).join(', ');

/** Shorter tasks and savings are not worth a place on the line. */
const shortMs = 1_000;

/** The critical path of the run, and the time that results of earlier runs saved. Empty if the run changed nothing. */
export const timeLines = ({
  isChanged,
  criticalPath,
  savedMs,
}: Pick<StagesResult, 'isChanged' | 'criticalPath' | 'savedMs'>): readonly string[] => {
  if (!isChanged) return [];
  const path = criticalPath.filter(({ms}) => ms >= shortMs).map(({task, ms}) => `${task} ${seconds(ms)}`);
  return [
    ...(path.length > 0 ? [`  critical path: ${path.join(', ')}`] : []),
    ...(savedMs >= shortMs ? [`  the cache saved ${seconds(savedMs)} of work`] : []),
  ];
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
