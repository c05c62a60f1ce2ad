/** setup: a kind cluster of the node image, its nodes Ready through KNI and nothing else. */

import {mkdir} from 'node:fs/promises';
import {z} from 'zod';
import {
  clusterOf,
  engineIdOf,
  forgetCluster,
  kubeconfigOf,
  nodesOf,
  readRecord,
  recreateHint,
  removedNodes,
  writeRecord,
} from '../../cluster/cluster.ts';
import {isGoFrame, kindFailure} from '../../cluster/kind-failure.ts';
import {ownerDirectoryOf, refuseForeign} from '../../cluster/ownership.ts';
import {haveReported, nodeReadiness, nodeStartTimes, waitForReports} from '../../cluster/readiness.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Running} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import {DeadlineExceeded, waitUntil} from '../../host/wait-until.ts';
import {readJson} from '../../json.ts';
import {startContainers} from '../../tools/docker.ts';
import {createCluster, deleteCluster, kindConfig} from '../../tools/kind.ts';
import {getJson, kubectl} from '../../tools/kubectl.ts';
import {nodeImage as nodeImageTask, systemOf} from '../build/node-image.ts';
import type {ClusterContext, DemoContext, DemoTask} from '../context.ts';
import {kind} from '../host/kind.ts';
import {asksForContainers, removeLateContainers} from '../lib/late-containers.ts';
import {imageOf} from '../lib/products.ts';
import {persistently} from '../lib/retry.ts';

const cluster: DemoTask = {
  id: 'setup/cluster',
  title: 'Create the kind cluster',
  // The image may be there on a machine that has lost its kind since, or whose kind is too old for another stack.
  needs: [kind.id, nodeImageTask.id],
  live: true,
  async done(context, running) {
    const {nodes, usable} = await look(context, running);
    if (!usable || !nodes.every(({running: up}) => up)) return undefined;
    // After a reboot docker starts the containers by itself, and their kubelets need a while.
    const since = await nodeStartTimes(context.host, nodes, running.signal);
    if (!(await haveReported(clusterOf(context.host, nodes), since, running.signal))) return undefined;
    return `${nodes.map((node) => node.name).join(', ')} run`;
  },
  async run(context, running) {
    const {
      host,
      dirs,
      stack,
      cluster: {name, workers},
    } = context;
    const {signal, log} = running;
    const nodeImage = imageOf(nodeImageTask.id, running);
    const kubeconfig = kubeconfigOf(dirs, name);

    const {nodes, usable} = await look(context, running);
    if (usable) {
      await host.run(startContainers(nodes.map((node) => node.name)), {signal, onLine: log});
      await waitForReports(clusterOf(host, nodes), await nodeStartTimes(host, nodes, signal), signal);
      return;
    }
    // What a cancelled run left is begun anew.
    if (nodes.length > 0) await host.run(deleteCluster(name, kubeconfig), {signal, onLine: log});

    const wasCancelled = (await readRecord(dirs, name))?.phase === 'creating';
    const engine = await engineIdOf(host, signal);
    await refuseOtherEngine(context, engine);
    await writeRecord(dirs, name, {phase: 'creating', nodeImage, workers, engine});
    const owner = await ownerDirectoryOf(dirs, name);
    await mkdir(owner, {recursive: true});
    const input = kindConfig({name, workers, nodeImage, owner, network: stack.cluster});
    const failure = kindFailure();
    let askedForContainers = false;
    const onLine = (line: string): void => {
      failure.add(line);
      askedForContainers ||= asksForContainers.test(line);
      if (!isGoFrame(line)) log(line);
    };
    const create = () => host.run(createCluster(name, kubeconfig), {input, signal, onLine});
    const created = create().catch(async (error: unknown) => {
      // The engine goes on making containers for a cancelled kind: some come after the look above.
      if (
        !wasCancelled ||
        signal.aborted ||
        !(error instanceof CommandError) ||
        !nameTaken.test(error.output)
      )
        throw error;
      await refuseForeign(dirs, name, await nodesOf(host, name, signal));
      log('removing containers that a cancelled run has left');
      await host.run(deleteCluster(name, kubeconfig), {signal, onLine: log});
      return create();
    });
    await created.catch(async (error: unknown) => {
      if (signal.aborted) {
        // If this fails, the next `up` removes the containers.
        if (askedForContainers) await removeLateContainers(context, log).catch(() => undefined);
        throw error;
      }
      const why = failure.why();
      if (why === undefined) throw error;
      const what = `kind could not create cluster ${name}`;
      const tryThis = 'see the log, remove the cause and run the same command again';
      throw new UserError({what, why, tryThis}, {cause: error});
    });
    await writeRecord(dirs, name, {phase: 'complete', nodeImage, workers, engine});
  },
};

/** As kind and docker say it. */
const nameTaken = /node\(s\) already exist|is already in use by container/;

/** The record of a cluster in another engine is the only way to that cluster: do not overwrite it. */
const refuseOtherEngine = async ({dirs, cluster: {name}}: DemoContext, engine: string): Promise<void> => {
  const recorded = (await readRecord(dirs, name))?.engine;
  if (recorded === undefined || recorded === engine) return;
  throw new UserError({
    what: `cluster ${name} exists in another docker engine`,
    why: `its record names the engine ${recorded}, and docker answers from the engine ${engine}`,
    tryThis: `choose another --name, or point docker (DOCKER_HOST, docker context) to that engine and run: kni-demo down --name ${name}`,
    exitCode: exitCodes.conflict,
  });
};

/**
 * The cluster's nodes, and whether there are any that were made to the end. Throws UserError (exit code `conflict`)
 * where somebody else made them, or where they are not what was asked for.
 */
const look = async (context: DemoContext, plan: Pick<Running, 'fingerprintOf' | 'signal'>) => {
  const {
    host,
    dirs,
    cluster: {name},
  } = context;
  const nodes = await nodesOf(host, name, plan.signal);
  await refuseForeign(dirs, name, nodes);
  const record = await readRecord(dirs, name);
  const usable = nodes.length > 0 && record?.phase !== 'creating';
  if (usable) {
    refuseIncomplete(name, removedNodes(name, record, nodes));
    refuseOther(context, nodes, plan);
  }
  return {nodes, usable};
};

/** The same refusals, before anything is built: `fingerprintOf` is the plan's. */
export const refuseConflict = async (
  context: DemoContext,
  plan: Pick<Running, 'fingerprintOf' | 'signal'>,
): Promise<void> => {
  await look(context, plan);
};

/** kind cannot add a node to a cluster, and the API server waits for the old one. */
const refuseIncomplete = (name: string, removed: readonly string[]): void => {
  if (removed.length === 0) return;
  throw new UserError({
    what: `cluster ${name} is incomplete`,
    why: `the container of ${removed.join(', ')} was removed`,
    tryThis: recreateHint(name),
    exitCode: exitCodes.conflict,
  });
};

/** A running cluster is never replaced unasked. */
const refuseOther = (
  {cluster: {name, workers}}: DemoContext,
  nodes: Awaited<ReturnType<typeof nodesOf>>,
  plan: Pick<Running, 'fingerprintOf'>,
): void => {
  const conflict = (why: string): UserError =>
    new UserError({
      what: `cluster ${name} exists, but is not the one asked for`,
      why,
      tryThis: `replace it: kni-demo down --name ${name} && kni-demo up --name ${name}; or choose another --name`,
      exitCode: exitCodes.conflict,
    });
  const nodeImage = imageOf(nodeImageTask.id, plan);
  // Another network runtime can be put on the nodes as they are: see programs.ts.
  const old = nodes.find(({image, system}) => image !== nodeImage && system !== systemOf(plan));
  if (old) throw conflict(`${old.name} runs ${old.image}, and the sources now make ${nodeImage}`);
  const found = nodes.filter(({role}) => role === 'worker').length;
  if (found !== workers) throw conflict(`it has ${found} workers, not ${workers}`);
};

/** For the tasks after it: the cluster as it is now. */
export const currentCluster = async ({host, cluster: {name}}: ClusterContext) =>
  clusterOf(host, await nodesOf(host, name));

const deployment = z.object({spec: z.object({replicas: z.number().optional()})});

/** Where a stack has no image of it, kubeadm's Deployment of CoreDNS would wait for one for ever. */
const dns: DemoTask = {
  id: 'setup/dns',
  title: 'Take back CoreDNS, which this stack has no image of',
  needs: [cluster.id],
  live: true,
  inputs: ({stack}) => stack.features,
  async done(context) {
    if (context.stack.features.coredns) return 'the nodes have its image';
    const {controlPlane} = await currentCluster(context);
    const {stdout} = await controlPlane.run(
      getJson('-n', 'kube-system', 'deployment', 'coredns', '--ignore-not-found'),
    );
    if (stdout.trim() === '') return 'there is none';
    const {spec} = readJson(deployment, stdout, 'the deployment of CoreDNS');
    return spec.replicas === 0 ? 'scaled to nothing' : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane} = await currentCluster(context);
    const scale = kubectl('-n', 'kube-system', 'scale', 'deployment', 'coredns', '--replicas=0');
    await persistently(() => controlPlane.run(scale, {signal, onLine: log}), signal, {log});
  },
};

/** See programs.ts, whose task is made for the sources that were asked for. */
export const programsId = 'setup/programs';

/** See runtime-flags.ts; it restarts the network runtimes, so nothing is to be judged before it. */
export const runtimeFlagsId = 'setup/runtime-flags';

/** Their Ready condition has one source: the answer of each node's runtime to QueryNodeNetworks. */
const nodesReady: DemoTask = {
  id: 'setup/nodes-ready',
  title: 'Wait until all nodes are Ready',
  needs: [cluster.id, programsId, runtimeFlagsId],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const readiness = await nodeReadiness(controlPlane, signal);
    return allReady(readiness, nodes.length) ? `${readiness.length} nodes Ready` : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane, nodes} = await currentCluster(context);
    let last = '';
    try {
      await waitUntil(
        {what: 'all nodes to be Ready', every: 500, atMost: 180_000, signal},
        async (polling) => {
          const readiness = await nodeReadiness(controlPlane, polling);
          const waiting = readiness.find(({ready}) => !ready);
          const says = waiting
            ? `${waiting.name}: ${waiting.message}`
            : `${readiness.length} of ${nodes.length} nodes`;
          if (says !== last) log(says);
          last = says;
          return allReady(readiness, nodes.length) || undefined;
        },
      );
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      throw new UserError(
        {
          what: error.message,
          why: last,
          tryThis: `ask the node: docker exec ${nodes[0]?.name} journalctl -u kni -u kubelet --no-pager`,
        },
        {cause: error},
      );
    }
  },
};

const allReady = (readiness: readonly {readonly ready: boolean}[], nodes: number): boolean =>
  readiness.length === nodes && readiness.every(({ready}) => ready);

export const setup = {cluster, dns, nodesReady} as const satisfies Record<string, DemoTask>;

export const removeCluster = async (
  {host, dirs}: Pick<DemoContext, 'host' | 'dirs'>,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  await host.run(deleteCluster(name, kubeconfigOf(dirs, name)), {signal});
  await forgetCluster(dirs, name);
};
