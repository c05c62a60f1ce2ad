/** Creates pods from the sample pod's manifest, and waits for them. */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parse, stringify} from 'yaml';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {project} from '../project.ts';
import {applyManifest, awaitPodReady, kubectl} from '../tools/kubectl.ts';
import {findPod, isCurrent, type Pod, parsePod} from './pod.ts';
import type {StartTimeOf} from './readiness.ts';

export interface PodSpec {
  readonly name: string;
  /** Default: the sample pod's image, which the nodes have already. */
  readonly image?: string;
  /** Run the pod on this node. */
  readonly node?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default: the namespace `default`. */
  readonly namespace?: string;
  /** Further fields of the container: its command, its ports. */
  readonly container?: Readonly<Record<string, unknown>>;
  /** The pod gets no token for the API server. */
  readonly withoutToken?: boolean;
}

export const podManifest = async ({
  name,
  image,
  node,
  annotations,
  namespace,
  container: fields,
  withoutToken = false,
}: PodSpec): Promise<string> => {
  const sample = await samplePod();
  const [container] = sample.spec.containers;
  return stringify({
    ...sample,
    metadata: {
      ...sample.metadata,
      name,
      ...(namespace !== undefined && {namespace}),
      ...(annotations && {annotations}),
    },
    spec: {
      ...sample.spec,
      ...(withoutToken && {automountServiceAccountToken: false}),
      // A selector instead of nodeName, so that the scheduler still checks the node's resources.
      ...(node !== undefined && {
        nodeSelector: {'kubernetes.io/hostname': node},
        tolerations: [{operator: 'Exists'}],
      }),
      // The container keeps its name: a pod's name may be too long for a container, and may have dots.
      containers: [{...container, ...(image !== undefined && {image}), ...fields}],
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
  await createPods(controlPlane, await podManifest(spec), signal);
};

export const createPods = async (
  controlPlane: Host,
  manifest: string,
  signal?: AbortSignal,
): Promise<void> => {
  await controlPlane.run(applyManifest, {input: manifest, ...(signal && {signal})});
};

/** Milliseconds. */
const replaceTimeout = 30_000;

/**
 * Recreates a pod of the namespace `default`. Unlike `kubectl replace`, does not wait until the kubelet has removed the former pod. Without
 * validation by kubectl, which would ask the API server for its schema: the spec is ours. `create` starts while `delete` runs, to
 * save its start time. It gets the manifest only after `delete` succeeds.
 */
export const replacePod = async (controlPlane: Host, spec: PodSpec): Promise<void> => {
  const [file, args] = kubectl();
  // If `delete` fails, `create` gets no manifest and fails, too. The message of `delete` comes last: users see the last line.
  const script = `name=$1; shift; exec 3>&1
failure=$({
  if output=$("$@" delete pod "$name" --ignore-not-found --force --grace-period=0 --wait=false 2>&1)
  then cat; else echo "\${output:-kubectl delete failed}" >&4; fi |
    "$@" create --validate=false -f - >&3
} 4>&1)
status=$?
[ -z "$failure" ] || { echo "$failure" >&2; exit 1; }
exit $status`;
  // Not cancelled: kubectl would continue on the node, and conflict with the next call for the same pod.
  await controlPlane.run(['sh', ['-c', script, 'sh', spec.name, file, ...args]], {
    // The kubelet looks only every 300 ms whether the volume with the token is mounted.
    input: await podManifest({...spec, withoutToken: true}),
    timeout: replaceTimeout,
  });
};

/**
 * The pod of the namespace `default` once it is Ready; undefined after the timeout. One watch instead of many requests; `waitForPod` also
 * says why a pod is not Ready.
 */
export const readyPod = async (
  controlPlane: Host,
  name: string,
  {signal, atMost}: {readonly signal: AbortSignal; readonly atMost: number},
): Promise<Pod | undefined> => {
  try {
    return parsePod(
      (await controlPlane.run(awaitPodReady(name, atMost), {signal})).stdout,
      `default/${name}`,
    );
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return undefined;
  }
};

export interface PodWait {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly atMost?: number;
  /** Milliseconds that the caller has waited before. They count in the message. */
  readonly waited?: number;
  /**
   * Milliseconds that the pod may be crashing. Longer than the kubelet's first backoff of 10 s: after a node restarts,
   * it may report containers as crashing that it is about to restart.
   */
  readonly patience?: number;
  /** When the nodes were started. Default: trust the API server's state of the pod. */
  readonly since?: StartTimeOf;
  /** Added to suggested commands: ` --name other`. */
  readonly flag?: string;
}

/** `name` is a pod's name, or `namespace/name`. Throws UserError with the pod's last warning event after the timeout, or as soon as the pod cannot become Ready. */
export const waitForPod = async (
  controlPlane: Host,
  name: string,
  {signal, atMost = 90_000, waited = 0, patience = 20_000, since = () => 0, flag = ''}: PodWait,
): Promise<Pod> => {
  const notReady = async (reason: string, pod: Pod | undefined, cause?: Error): Promise<UserError> => {
    const image = pod?.missingImage;
    const warning = await lastWarning(
      controlPlane,
      name,
      image === undefined ? undefined : /^Failed to pull image/,
    );
    return new UserError(
      {
        code: 'KNI-E102',
        what: image === undefined ? reason : `pod ${name} cannot start: the node cannot pull image ${image}`,
        why: warning ?? pod?.why ?? 'the API server does not know the pod',
        tryThis:
          image === undefined
            ? `fix the cause, or delete the pod, which still exists; see what the runtime did: kni-demo logs --pod ${name}${flag}`
            : `copy the image into the nodes: kni-demo image load ${image}${flag}; or delete the pod: kni-demo pod delete ${name}${flag}`,
      },
      {cause},
    );
  };
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
    if (!(error instanceof DeadlineExceeded)) throw error;
    const total = new DeadlineExceeded({...wait, atMost: waited + atMost}, error.cause);
    throw await notReady(total.message, last, error);
  });
  if (!settled.ready) throw await notReady(`pod ${name} cannot become Ready`, settled);
  return settled;
};

/** The last warning event of the pod, if possible one that matches `preferred`. */
export const lastWarning = async (
  controlPlane: Host,
  path: string,
  preferred?: RegExp,
): Promise<string | undefined> => {
  const [namespace = '', name = ''] = path.includes('/') ? path.split('/') : ['default', path];
  const events = kubectl(
    'get',
    'events',
    '-n',
    namespace,
    `--field-selector=involvedObject.name=${name},type=Warning`,
    '--sort-by=.lastTimestamp',
    '-o',
    'jsonpath={range .items[*]}{.message}{"\\n"}{end}',
  );
  const {stdout} = await controlPlane.run(events).catch(() => ({stdout: ''}));
  const messages = stdout.split('\n').filter((line) => line.trim() !== '');
  return messages.findLast((message) => preferred?.test(message)) ?? messages.at(-1);
};
