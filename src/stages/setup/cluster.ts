/** Creates a kind cluster from the node image, or starts the stopped nodes of an existing one. */

import {mkdir} from 'node:fs/promises';
import {
  type ClusterRecord,
  clusterOf,
  engineIdOf,
  kubeconfigOf,
  nodesOf,
  readRecord,
  writeRecord,
} from '../../cluster/cluster.ts';
import {isGoFrame, kindFailure} from '../../cluster/kind-failure.ts';
import {writeNetwork} from '../../cluster/network-record.ts';
import {ownerDirectoryOf, refuseForeign} from '../../cluster/ownership.ts';
import {haveReported, nodeStartTimes} from '../../cluster/readiness.ts';
import {startNodes} from '../../cluster/start.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import {createCluster, deleteCluster, kindConfig} from '../../tools/kind.ts';
import {nodeImage} from '../build/node-image.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {kind} from '../host/kind.ts';
import {findCluster} from '../lib/find-cluster.ts';
import {asksForContainers, removeLateContainers} from '../lib/late-containers.ts';
import {imageOf} from '../lib/products.ts';

export const cluster: DemoTask = {
  id: 'setup/cluster',
  title: 'Create the kind cluster',
  // The node image may exist while kind is missing, or too old for this stack.
  needs: [kind.id, nodeImage.id],
  live: true,
  async done(context, {signal}) {
    const {nodes, complete} = await findCluster(context, signal);
    if (!complete || nodes.some(({running}) => !running)) return undefined;
    // After a reboot docker restarts the containers by itself, but their kubelets need longer.
    const since = nodeStartTimes(context.host, nodes, signal);
    if (!(await haveReported(clusterOf(context.host, nodes), since, signal))) return undefined;
    return `running: ${nodes.map((node) => node.name).join(', ')}`;
  },
  async run(context, running) {
    const {host, dirs, stackFile} = context;
    const {name, workers} = context.cluster;
    const {signal, log} = running;
    const {nodes, complete} = await findCluster(context, signal);
    if (complete) return startNodes(host, nodes, running);
    // kind cannot continue what a cancelled run began.
    if (nodes.length > 0)
      await host.run(deleteCluster(name, kubeconfigOf(dirs, name)), {signal, onLine: log});

    const engine = await engineIdOf(host, signal);
    const previous = await readRecord(dirs, name);
    refuseOtherEngine(name, previous, engine);
    const record = {
      nodeImage: imageOf(nodeImage.id, running),
      workers,
      engine,
      ...(stackFile !== undefined && {stackFile}),
    };
    await writeRecord(dirs, name, {phase: 'creating', ...record});
    // Of an earlier cluster of this name, which was not deleted by kni-demo.
    await writeNetwork(dirs, name, {former: [], isComplete: true});
    await createNodes(context, running, {afterCancelledRun: previous?.phase === 'creating'});
    await writeRecord(dirs, name, {phase: 'complete', ...record});
  },
};

const createNodes = async (
  context: DemoContext,
  running: TaskRun,
  {afterCancelledRun}: {readonly afterCancelledRun: boolean},
): Promise<void> => {
  const {host, dirs, stack} = context;
  const {name, workers} = context.cluster;
  const {signal, log} = running;
  const kubeconfig = kubeconfigOf(dirs, name);
  const owner = await ownerDirectoryOf(dirs, name);
  await mkdir(owner, {recursive: true});
  const config = {name, workers, nodeImage: imageOf(nodeImage.id, running), owner, network: stack.cluster};
  const failure = kindFailure();
  let askedForContainers = false;
  const onLine = (line: string): void => {
    failure.add(line);
    askedForContainers ||= asksForContainers.test(line);
    if (!isGoFrame(line)) log(line);
  };
  const create = () => host.run(createCluster(name, kubeconfig), {input: kindConfig(config), signal, onLine});
  try {
    await create().catch(async (error: unknown) => {
      if (!afterCancelledRun || signal.aborted || !isNameTaken(error)) throw error;
      // docker can create containers for a cancelled kind after this run has listed the nodes.
      await refuseForeign(dirs, name, await nodesOf(host, name, signal));
      log('removing containers of a cancelled run');
      await host.run(deleteCluster(name, kubeconfig), {signal, onLine: log});
      await create();
    });
  } catch (error) {
    if (signal.aborted) {
      // If this fails, the next `up` removes the containers.
      if (askedForContainers) await removeLateContainers(context, log).catch(() => undefined);
      throw error;
    }
    const why = failure.why();
    if (why === undefined) throw error;
    const what = `kind could not create cluster ${name}`;
    const tryThis = 'read the log, remove the cause and run the same command again';
    throw new UserError({what, why, tryThis, code: 'KNI-E104'}, {cause: error});
  }
};

/** Whether kind or docker reports that a node container with the same name exists. */
const isNameTaken = (error: unknown): boolean =>
  error instanceof CommandError &&
  /node\(s\) already exist|is already in use by container/.test(error.output);

/** Protects the record of a cluster in another docker engine: without the record, `down` could not find that cluster. */
const refuseOtherEngine = (name: string, record: ClusterRecord | undefined, engine: string): void => {
  const recorded = record?.engine;
  if (recorded === undefined || recorded === engine) return;
  throw new UserError({
    what: `cluster ${name} exists in another docker engine`,
    why: `its record names the engine ${recorded}; docker is connected to the engine ${engine}`,
    tryThis: `choose another --name, or point docker (DOCKER_HOST, docker context) to that engine and run: kni-demo down --name ${name}`,
    code: 'KNI-E404',
  });
};
