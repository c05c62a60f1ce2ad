/** The demo's recipe: every task, stage by stage. */

import {describePlanFailure, type Plan, planTasks} from '../graph/plan.ts';
import type {Stack} from '../stacks/schema.ts';
import {buildContainerd} from './build/containerd.ts';
import {containerdBuilderImage} from './build/containerd-builder-image.ts';
import {dnsServer} from './build/dns.ts';
import {goRuntimeBuilderImage} from './build/go-runtime-builder-image.ts';
import {preloadedImages} from './build/images.ts';
import {kubernetesPrograms} from './build/kubernetes.ts';
import {buildNodeBase, pullNodeBase} from './build/node-base-image.ts';
import {nodeImage} from './build/node-image.ts';
import {buildNodeSystem, extendNodeSystem} from './build/node-system-image.ts';
import {nodejs} from './build/nodejs.ts';
import {buildOwn} from './build/own-build.ts';
import {pause} from './build/pause.ts';
import {preloadImage} from './build/preload-image.ts';
import {runtime} from './build/runtime.ts';
import type {DemoContext, DemoTask} from './context.ts';
import {engine} from './host/engine.ts';
import {engineRunning} from './host/engine-running.ts';
import {hostTask} from './host/host-task.ts';
import {inotify} from './host/inotify.ts';
import {kind} from './host/kind.ts';
import {packages} from './host/packages.ts';
import {compilerRequirements} from './host/requirements.ts';
import {room} from './host/room.ts';
import {system} from './host/system.ts';
import {baseImage} from './init/base-image.ts';
import {builderImage} from './init/builder-image.ts';
import {downloadSource} from './init/debian-source.ts';
import {fetchSource} from './init/git-source.ts';
import {fetchOwn, patchOwn} from './init/own-source.ts';
import {patchSource} from './init/tree.ts';
import type {ResolvedSource} from './lib/resolve-own-source.ts';
import {cluster} from './setup/cluster.ts';
import {dns} from './setup/dns.ts';
import {network} from './setup/network.ts';
import {networkDefinitions} from './setup/network-definitions.ts';
import {nodesReady} from './setup/nodes-ready.ts';
import {programsTask} from './setup/programs.ts';
import {runtimeFlags} from './setup/runtime-flags.ts';
import {proveSamplePod, proveSamplePodOn} from './verify/kni.ts';
import {samplePod} from './verify/sample-pod.ts';

const hostTasks: readonly DemoTask[] = [
  hostTask(system), // cgroups are mounted
  hostTask(room), // disk space and memory
  hostTask(inotify), // limits, as a warning
  hostTask(packages), // that our docker engine needs
  hostTask(engine), // docker, unpacked if it is missing
  hostTask(engineRunning), // docker, started if it is stopped
  hostTask(kind), // unpacked if it is missing or too old
];

/**
 * `own` are the user's sources, which replace those that the stack pins. The order matters: of the tasks that could start, the
 * first starts first. The longest build, Kubernetes, comes early.
 */
export const demoTasks = (
  {kubernetes, containerd, node, features}: Stack,
  own: readonly ResolvedSource[] = [],
): readonly DemoTask[] => {
  const containerdBuilder =
    containerd.buildDependencies === undefined ? builderImage : containerdBuilderImage;
  const fromDebian = node.from === 'debian';
  return [
    ...hostTasks, // host: this machine meets the requirements

    // init: sources are in the cache and patched, and there is an image to build them in
    baseImage, // Debian, from the host's mirror or pulled
    builderImage, // Debian with compilers
    kubernetes.source.from === 'git' ? fetchSource('kubernetes') : downloadSource('kubernetes'), // from git or Debian
    containerd.source.from === 'git' ? fetchSource('containerd') : downloadSource('containerd'), // from git or Debian
    ...when(fromDebian, downloadSource('kind')), // files of kind's own base image
    patchSource('kubernetes'), // the kubelet calls KNI
    patchSource('containerd'), // containerd joins the network namespace that the runtime made
    ...own.map(fetchOwn), // --source: from git or a directory
    ...own.map(patchOwn), // --source: with our patches, unless --no-patch

    // build: the node image
    kubernetesPrograms, // kubelet; for Debian's nodes kubeadm and the control plane, too
    ...when(fromDebian, pause), // the program of the sandbox image
    ...when(containerdBuilder === containerdBuilderImage, containerdBuilderImage), // builder with Debian's Go libraries
    buildContainerd(containerdBuilder), // containerd, its shim and ctr
    ...own.map((source) => buildOwn(source, containerdBuilder)), // --source: for setup/programs
    fromDebian ? buildNodeBase : pullNodeBase, // a kind node without our programs
    preloadedImages({node, features}), // archive of images that the nodes need
    ...when(fromDebian, preloadImage), // these images in containerd's store
    runtime, // the network runtime in one file
    ...when(!features.coredns, dnsServer), // our DNS server with its manifest
    nodejs, // for the network runtime
    fromDebian ? buildNodeSystem : extendNodeSystem, // everything except the network runtime
    nodeImage, // everything

    // setup: a cluster whose nodes are Ready through KNI
    cluster, // kind, or docker start
    programsTask(own), // runtime of this checkout, and own kubelet and containerd
    runtimeFlags, // pod subnet and --backend
    networkDefinitions, // NetworkAttachmentDefinition and the right to read it
    network, // --cni: the network for pods
    nodesReady, // the network runtimes answer
    ...when(!features.coredns, dns), // instead of CoreDNS

    // verify: a pod got its network over KNI
    samplePod, // Ready
    proveSamplePodOn(features), // all sources agree
  ];
};

const when = (condition: boolean, task: DemoTask): readonly DemoTask[] => (condition ? [task] : []);

export const stageNames = ['host', 'init', 'build', 'setup', 'verify'] as const;
export type StageName = (typeof stageNames)[number];

export const stagesUpTo = (last: StageName): readonly StageName[] =>
  stageNames.slice(0, stageNames.indexOf(last) + 1);

/** `build/node-image` → `build` */
export const stageOf = (id: string): string => id.slice(0, id.indexOf('/'));

/**
 * The targets of the stages up to `last`. Of setup and verify these are all tasks, because each asks for the current state of
 * the cluster. Of host, init and build these are the results that no other task of the same stage needs. All other tasks
 * run only if a target needs them.
 */
export const targetsOf = ({tasks}: Plan<DemoContext>, last: StageName): readonly string[] => {
  const ids = [...tasks.keys()];
  if (last === 'verify') return ids.filter((id) => ['setup', 'verify'].includes(stageOf(id)));
  const ofStage = ids.filter((id) => stageOf(id) === last);
  if (last === 'setup') return ofStage;
  const inner = new Set(ofStage.flatMap((id) => tasks.get(id)?.needs ?? []));
  return ofStage.filter((id) => !inner.has(id));
};

export const demoPlan = (stack: Stack, own: readonly ResolvedSource[] = []): Plan<DemoContext> =>
  planOf(demoTasks(stack, own));

/** Only the proof, for a cluster that is up and that the run must not change. */
export const verifyPlan = (): Plan<DemoContext> =>
  planOf([
    {...samplePod, needs: []},
    {...proveSamplePod, needs: [samplePod.id]},
  ]);

/** The image that compiles network runtimes in Go, which no cluster needs. */
export const goCompilerPlan = (): Plan<DemoContext> =>
  planOf([...compilerRequirements.map(hostTask), baseImage, builderImage, goRuntimeBuilderImage]);

const planOf = (tasks: readonly DemoTask[]): Plan<DemoContext> => {
  const result = planTasks(tasks);
  if (result.ok) return result.plan;
  throw new Error(describePlanFailure(result.failure));
};
