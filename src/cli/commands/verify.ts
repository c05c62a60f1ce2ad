/** verify: proves that KNI gave the sample pod its network, on a running cluster. */

import {requireAllNodes, requireCluster} from '../../cluster/cluster.ts';
import {seconds} from '../../duration.ts';
import {verifyPlan} from '../../stages/demo.ts';
import {restoreFirst} from '../interrupted.ts';
import {contextOfRun} from '../prepare-run.ts';
import {hasChanged, proofCollector} from '../proof-collector.ts';
import {runOutput} from '../run-output.ts';
import {runWithView} from '../run-with-view.ts';
import type {World} from '../world.ts';
import {sayProof} from './up.ts';

export interface VerifyOptions {
  readonly name: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** Changes neither the nodes nor their programs. Creates the sample pod if it is missing or not Ready. */
export const verify = async (world: World, options: VerifyOptions): Promise<void> => {
  const begun = performance.now();
  const {signal, stdout} = world;
  const {name} = options;
  const output = runOutput(world, options.json);
  const context = await contextOfRun(
    world,
    {...options, source: [], patch: true},
    {say: () => undefined, mayWrite: false},
  );
  const {nodes} = await requireCluster(context, name, signal);
  await requireAllNodes(context.dirs, name, nodes);
  await restoreFirst(world, name, 'kni-demo verify');
  const proof = proofCollector();
  const plan = verifyPlan();
  const ran = await runWithView({
    plan,
    targets: [...plan.tasks.keys()],
    context,
    stream: stdout,
    flags: options,
    signal,
    onEvent: proof.emit,
  });
  const ms = performance.now() - begun;
  output.record('result', {
    command: 'verify',
    exitCode: 0,
    stack: context.stack.name,
    cluster: name,
    changed: hasChanged(ran),
    ms,
    proof: proof.lines,
  });
  sayProof({proof: proof.lines}, world, output.say);
  output.say(`Cluster ${name} is proved. ${seconds(ms)}`);
};
