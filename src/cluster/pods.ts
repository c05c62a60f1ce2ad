/** Creates pods from the sample pod's manifest, and waits for them. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parse, stringify} from 'yaml';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {project} from '../project.ts';
import {applyManifest, kubectl} from '../tools/kubectl.ts';
import {findPod, isCurrent, type Pod} from './pod.ts';
import type {StartTimeOf} from './readiness.ts';

export interface PodSpec {
  readonly name: string;
  /** Default: the sample pod's image, which the nodes have already. */
  readonly image?: string;
  /** Run the pod on this node. */
  readonly node?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const podManifest = async ({name, image, node, annotations}: PodSpec): Promise<string> => {
  const sample = await samplePod();
  const [container] = sample.spec.containers;
  return stringify({
    ...sample,
    metadata: {...sample.metadata, name, ...(annotations && {annotations})},
    spec: {
      ...sample.spec,
      // A selector instead of nodeName, so that the scheduler still checks the node's resources.
      ...(node !== undefined && {
        nodeSelector: {'kubernetes.io/hostname': node},
        tolerations: [{operator: 'Exists'}],
      }),
      // The container keeps its name: a pod's name may be too long for a container, and may have dots.
      containers: [{...container, ...(image !== undefined && {image})}],
    },
  });
};

/** The sample pod's image, which the node image contains. */
export const sampleImage = async (): Promise<string> => {
  const [container] = (await samplePod()).spec.containers;
  return container.image;
};

const samplePod = async () => parse(await readFile(join(project.manifests, 'pods/samplepod.yaml'), 'utf8'));

export const createPod = async (controlPlane: Host, spec: PodSpec, signal?: AbortSignal): Promise<void> => {
  await controlPlane.run(applyManifest, {input: await podManifest(spec), ...(signal && {signal})});
};

export interface PodWait {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly atMost?: number;
  /**
   * Milliseconds that the pod may be crashing. Longer than the kubelet's first backoff of 10 s: after a node restarts,
   * it may report containers as crashing that it is about to restart.
   */
  readonly patience?: number;
  /** When the nodes were started. Default: trust the API server's state of the pod. */
  readonly since?: StartTimeOf;
}

/** Throws UserError with the pod's last warning event after the timeout, or as soon as the pod cannot become Ready. */
export const waitForPod = async (
  controlPlane: Host,
  name: string,
  {signal, atMost = 90_000, patience = 20_000, since = () => 0}: PodWait,
): Promise<Pod> => {
  const notReady = async (what: string, pod: Pod | undefined, cause?: Error): Promise<UserError> =>
    new UserError(
      {
        code: 'KNI-E102',
        what,
        why: (await lastWarning(controlPlane, name)) ?? pod?.why ?? 'the API server does not know the pod',
        tryThis: `fix the cause, or delete the pod, which still exists; see what the runtime did: kni-demo logs --pod ${name}`,
      },
      {cause},
    );
  let last: Pod | undefined;
  let crashingSince: number | undefined;
  const wait = {what: `pod ${name} to be Ready`, every: 250, atMost, signal};
  const settled = await waitUntil(wait, async (polling) => {
    last = await findPod(controlPlane, name, polling);
    crashingSince = last?.crashing ? (crashingSince ?? performance.now()) : undefined;
    const crashes = crashingSince !== undefined && performance.now() - crashingSince >= patience;
    const ready = last?.ready && isCurrent(last, since);
    return ready || last?.stuck || crashes ? last : undefined;
  }).catch(async (error: unknown) => {
    throw error instanceof DeadlineExceeded ? await notReady(error.message, last, error) : error;
  });
  if (!settled.ready) throw await notReady(`pod ${name} cannot become Ready`, settled);
  return settled;
};

const lastWarning = async (controlPlane: Host, name: string): Promise<string | undefined> => {
  const selector = `--field-selector=involvedObject.name=${name},type=Warning`;
  const events = kubectl(
    'get',
    'events',
    selector,
    '--sort-by=.lastTimestamp',
    '-o',
    'jsonpath={.items[-1:].message}',
  );
  const {stdout} = await controlPlane.run(events).catch(() => ({stdout: ''}));
  return stdout.trim() || undefined;
};
