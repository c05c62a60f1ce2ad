/** A pod, as the API server describes it. */

import {z} from 'zod';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {getJson} from '../tools/kubectl.ts';
import type {StartTimeOf} from './readiness.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly ready: boolean;
  /** Undefined until the scheduler has chosen one. */
  readonly node: string | undefined;
  /** As the kubelet reported them; empty until the pod has its network. */
  readonly ips: readonly string[];
  /** The pod uses its node's network, so KNI does nothing for it. */
  readonly hostNetwork: boolean;
  /** When the first of its running containers was started: milliseconds since the epoch, in whole seconds. */
  readonly startedAt: number | undefined;
  /** Why it is not Ready, in the API server's words. */
  readonly why: string;
  /** Whether the pod cannot become Ready by itself. */
  readonly stuck: boolean;
  /** The image that its node cannot get. */
  readonly missingImage?: string | undefined;
  /** Whether a container exits each time it is started, or did so when the kubelet last reported. */
  readonly crashing: boolean;
}

/** Reasons for waiting that do not go away by themselves. */
const stuckReasons = new Set(['ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);

const imageReasons = new Set([...stuckReasons, 'ErrImagePull', 'ImageInspectError']);

const containerStatuses = z
  .array(
    z.object({
      image: z.string().optional(),
      state: z
        .object({
          waiting: z.object({reason: z.string().optional(), message: z.string().optional()}).optional(),
          running: z.object({startedAt: z.string().optional()}).optional(),
        })
        .optional(),
    }),
  )
  .default([]);

const podObject = z.object({
  metadata: z.object({uid: z.string()}),
  spec: z.object({nodeName: z.string().optional(), hostNetwork: z.boolean().default(false)}),
  status: z.object({
    phase: z.string().default('unknown'),
    podIP: z.string().optional(),
    podIPs: z.array(z.object({ip: z.string()})).default([]),
    conditions: z
      .array(z.object({type: z.string(), status: z.string(), message: z.string().optional()}))
      .default([]),
    initContainerStatuses: containerStatuses,
    containerStatuses,
  }),
});

const podFrom = (
  {metadata, spec, status}: z.infer<typeof podObject>,
  id: Pick<Pod, 'namespace' | 'name'>,
): Pod => {
  const {phase, podIP, conditions} = status;
  const ips = status.podIPs.map(({ip}) => ip);
  const starts = status.containerStatuses.flatMap(({state}) => state?.running?.startedAt ?? []);
  // Containers wait for all init containers, and these for each other.
  const inOrder = [...status.initContainerStatuses, ...status.containerStatuses];
  const waited = inOrder.find(({state}) => state?.waiting);
  const waiting = waited?.state?.waiting;
  return {
    namespace: id.namespace,
    name: id.name,
    uid: metadata.uid,
    phase,
    ready: conditions.some(({type, status: is}) => type === 'Ready' && is === 'True'),
    node: spec.nodeName,
    ips: ips.length === 0 && podIP !== undefined ? [podIP] : ips,
    hostNetwork: spec.hostNetwork,
    startedAt: starts.length === 0 ? undefined : Math.min(...starts.map((time) => Date.parse(time))),
    why:
      [waiting?.reason, waiting?.message].filter(Boolean).join(': ') ||
      conditions.find(({status: is, message}) => is !== 'True' && message)?.message ||
      `phase ${phase}`,
    missingImage: imageReasons.has(waiting?.reason ?? '') ? waited?.image : undefined,
    stuck: stuckReasons.has(waiting?.reason ?? ''),
    crashing: waiting?.reason === 'CrashLoopBackOff',
  };
};

const objectList = z.object({items: z.array(z.looseObject({kind: z.string()}))});
const namedPod = podObject.extend({
  metadata: z.object({uid: z.string(), namespace: z.string(), name: z.string()}),
});

/** The pods among the objects that kubectl printed. */
export const podsIn = (stdout: string): readonly Pod[] =>
  readJson(objectList, stdout, 'the list of pods')
    .items.filter(({kind}) => kind === 'Pod')
    .map((item) => {
      const pod = namedPod.parse(item);
      return podFrom(pod, pod.metadata);
    });

/** `path` is `name` (in the namespace default) or `namespace/name`. Undefined when the pod does not exist. */
export const findPod = async (
  controlPlane: Host,
  path: string,
  signal?: AbortSignal,
): Promise<Pod | undefined> => {
  const {namespace, name} = namesIn(path);
  const get = getJson('-n', namespace, 'pods', '--ignore-not-found', name);
  const {stdout} = await controlPlane.run(get, signal && {signal});
  return stdout.trim() === '' ? undefined : parsePod(stdout, path);
};

/** `stdout` is one pod as JSON. */
export const parsePod = (stdout: string, path: string): Pod =>
  podFrom(readJson(podObject, stdout, `pod ${path}`), namesIn(path));

const namesIn = (path: string): Pick<Pod, 'namespace' | 'name'> => {
  const [namespace = '', name = ''] = path.includes('/') ? path.split('/') : ['default', path];
  return {namespace, name};
};

/** `Running, Ready` */
export const stateOf = ({phase, ready}: Pick<Pod, 'phase' | 'ready'>): string =>
  `${phase}, ${ready ? 'Ready' : 'not Ready'}`;

/**
 * Whether the pod's containers were started after its node was. After a node has restarted, the API server reports its
 * old pods as Ready until the kubelet has created new ones.
 */
export const isCurrent = ({node, startedAt}: Pick<Pod, 'node' | 'startedAt'>, since: StartTimeOf): boolean =>
  node === undefined || startedAt === undefined || startedAt >= Math.floor(since(node) / 1000) * 1000;
