/** The pods of a drill, in a namespace of their own. */

import {setTimeout as sleep} from 'node:timers/promises';
import {z} from 'zod';
import {findPod, type Pod, podsIn} from '../cluster/pod.ts';
import {createPods, type PodSpec, podManifest, waitForPod} from '../cluster/pods.ts';
import {newTraces, type Traces, tracesOn} from '../cluster/traces.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {readJson} from '../json.ts';
import {netnsOf, sandboxesOfPod, sandboxInfo} from '../tools/ctr.ts';
import {type Link, parseLinks, podAddresses} from '../tools/ip.ts';
import {getJson, kubectl} from '../tools/kubectl.ts';
import type {Scene} from './drill.ts';

export const namespace = 'kni-drill';

/** Creates a pod and waits until it is Ready. The default node is the worker. */
export const startPod = async (scene: Scene, spec: Omit<PodSpec, 'namespace'>): Promise<Pod> => {
  await applyPods(scene, spec);
  return podReady(scene, spec.name);
};

/** Creates pods and waits until all are Ready; returns them in the same order. The default node is the worker. */
export const startPods = async (
  scene: Scene,
  ...specs: readonly Omit<PodSpec, 'namespace'>[]
): Promise<readonly Pod[]> => {
  await applyPods(scene, ...specs);
  const {cluster, signal} = scene;
  // One question for all pods: many pollers would slow the node down.
  const list = getJson('pods', '-n', namespace);
  const wait = {what: 'the pods to be Ready', every: 200, atMost: 90_000, signal};
  return waitUntil(wait, async (polling) => {
    const pods = podsIn((await cluster.controlPlane.run(list, {signal: polling})).stdout);
    const ready = specs.flatMap(({name}) => pods.find((pod) => pod.name === name && pod.ready) ?? []);
    return ready.length === specs.length ? ready : undefined;
  }).catch(async (error: unknown) => {
    if (!(error instanceof DeadlineExceeded)) throw error;
    // Says why, with the events of the pod.
    return Promise.all(specs.map(({name}) => podReady(scene, name, 1_000)));
  });
};

/** Creates pods without waiting for them. */
export const applyPods = async (
  {cluster, worker, signal}: Scene,
  ...specs: readonly Omit<PodSpec, 'namespace'>[]
): Promise<void> => {
  const manifests = specs.map((spec) => podManifest({node: worker, ...spec, namespace}));
  await createPods(cluster.controlPlane, (await Promise.all(manifests)).join('---\n'), signal);
};

/** `atMost` is in milliseconds. */
export const podReady = (
  {cluster, signal, flag}: Scene,
  name: string,
  atMost: number = 90_000,
): Promise<Pod> => waitForPod(cluster.controlPlane, `${namespace}/${name}`, {signal, flag, atMost});

export const readPod = ({cluster, signal}: Scene, name: string): Promise<Pod | undefined> =>
  findPod(cluster.controlPlane, `${namespace}/${name}`, signal);

/** Deletes pods and waits until they are gone. */
export const deletePods = async (
  {cluster: {controlPlane}, signal}: Scene,
  ...names: readonly string[]
): Promise<void> => {
  await controlPlane.run(kubectl('delete', 'pods', '-n', namespace, '--wait=false', ...names), {signal});
  const get = kubectl('get', 'pods', '-n', namespace, '--ignore-not-found', '-o', 'name', ...names);
  await waitUntil(
    {what: 'the deleted pods to be gone', every: 200, atMost: 90_000, signal},
    async (polling) => (await controlPlane.run(get, {signal: polling})).stdout.trim() === '' || undefined,
  );
};

/** Deletes pods without waiting for their kubelet: as `kubectl delete --force`. */
export const forceDeletePods = async (
  {cluster: {controlPlane}, signal}: Scene,
  ...names: readonly string[]
): Promise<void> => {
  const flags = ['--force', '--grace-period=0', '--wait=false'];
  await controlPlane.run(kubectl('delete', 'pods', '-n', namespace, ...flags, ...names), {signal});
};

export const tracesOf = ({cluster, worker, signal}: Scene): Promise<Traces> =>
  tracesOn(cluster.node(worker), signal);

/**
 * The traces on the worker when it has no more than before, or after `atMost` milliseconds. Current kubelets delete a pod from the API
 * server before its network is gone.
 */
export const settledTraces = async (
  scene: Scene,
  before: Traces,
  atMost: number = 10_000,
): Promise<Traces> => {
  for (const end = performance.now() + atMost; ; await sleep(300, undefined, {signal: scene.signal})) {
    const now = await tracesOf(scene);
    if (newTraces(now, before).length === 0 || performance.now() > end) return now;
  }
};

/** Runs a shell script in a pod's container; returns its output. */
export const inPod = async (
  {cluster: {controlPlane}, signal}: Scene,
  pod: string,
  script: string,
): Promise<string> => {
  const exec = kubectl('exec', '-n', namespace, pod, '--', '/bin/ash', '-c', script);
  return (await controlPlane.run(exec, {signal})).stdout;
};

export interface PodNetwork {
  /** The id that containerd gave the sandbox. */
  readonly sandbox: string;
  /** The path that containerd joined. Undefined: containerd created a netns. */
  readonly netns: string | undefined;
  /** The output of `ctr containers info`. */
  readonly info: string;
  /** The interfaces in the netns, as the kernel shows them. */
  readonly links: readonly Link[];
}

/** Asks containerd and the kernel, not the network runtime. */
export const networkOf = async (
  {cluster, worker, signal}: Scene,
  {uid, name}: Pick<Pod, 'uid' | 'name'>,
): Promise<PodNetwork> => {
  const node = cluster.node(worker);
  const [sandbox = ''] = (await node.run(sandboxesOfPod(uid), {signal})).stdout.split('\n');
  if (sandbox === '') throw new Error(`containerd has no sandbox for pod ${name}`);
  const info = (await node.run(sandboxInfo(sandbox), {signal})).stdout;
  const netns = netnsOf(info);
  const links = netns === undefined ? '' : (await node.run(podAddresses(netns), {signal})).stdout;
  return {sandbox, netns, info, links: parseLinks(links)};
};

/** The addresses of an interface, with prefix length: `10.244.1.5/24`. */
export const addressesOf = ({links}: PodNetwork, name = 'eth0'): readonly string[] =>
  links.find((link) => link.name === name)?.addresses ?? [];

const eventList = z.object({
  items: z.array(
    z.object({reason: z.string().default(''), count: z.number().nullish(), message: z.string().default('')}),
  ),
});

export interface PodEvent {
  readonly reason: string;
  /** How often the kubelet reported it. */
  readonly count: number;
  readonly message: string;
}

export const eventsOf = async (
  {cluster, signal}: Scene,
  pod: string,
  polling: AbortSignal = signal,
): Promise<readonly PodEvent[]> => {
  const get = getJson('events', '-n', namespace, `--field-selector=involvedObject.name=${pod}`);
  const {stdout} = await cluster.controlPlane.run(get, {signal: polling});
  return readJson(eventList, stdout, 'the events of a pod').items.map(({reason, count, message}) => ({
    reason,
    count: count ?? 1,
    message,
  }));
};

/** Waits for an event of the pod whose message contains `text`. */
export const eventWith = (scene: Scene, pod: string, text: string): Promise<PodEvent> =>
  waitUntil(
    {what: `an event of pod ${pod} with "${text}"`, every: 300, atMost: 30_000, signal: scene.signal},
    async (polling) => (await eventsOf(scene, pod, polling)).find(({message}) => message.includes(text)),
  );
