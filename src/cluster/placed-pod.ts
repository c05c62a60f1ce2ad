/** A pod as the API server has it, with a network of its own on a node of its own. */

import {z} from 'zod';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {getJson, kubectl} from '../tools/kubectl.ts';

export interface PlacedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** What the kubelet has reported; none until the pod has its network. */
  readonly ips: readonly string[];
  /** `Running, Ready` */
  readonly state: string;
}

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
  }),
});

/** `pod` is `namespace/name`. Throws UserError where there is none, or none that KNI has to do with. */
export const placedPod = async (controlPlane: Host, pod: string, signal: AbortSignal): Promise<PlacedPod> => {
  const [namespace = '', name = ''] = pod.split('/');
  const {stdout} = await controlPlane.run(getJson('-n', namespace, 'pods', '--ignore-not-found', name), {
    signal,
  });
  if (stdout.trim() === '') throw await noSuchPod(controlPlane, {namespace, name}, signal);
  const {metadata, spec, status} = readJson(podObject, stdout, `pod ${pod}`);
  const condition = (type: string) => status.conditions.find((each) => each.type === type);
  if (spec.nodeName === undefined) {
    throw new UserError({
      what: `pod ${pod} runs on no node yet`,
      why: condition('PodScheduled')?.message ?? 'the scheduler has not chosen one',
      tryThis: 'inspect it again when it is scheduled',
    });
  }
  if (spec.hostNetwork) {
    throw new UserError({
      what: `pod ${pod} has no network of its own`,
      why: `it uses that of its node ${spec.nodeName} (hostNetwork): KNI has nothing to do with it`,
      tryThis: 'inspect another pod',
      exitCode: exitCodes.badInput,
    });
  }
  const ips = status.podIPs.map(({ip}) => ip);
  return {
    namespace,
    name,
    uid: metadata.uid,
    node: spec.nodeName,
    ips: ips.length === 0 && status.podIP !== undefined ? [status.podIP] : ips,
    state: [status.phase, condition('Ready')?.status === 'True' ? 'Ready' : 'not Ready'].join(', '),
  };
};

const mostNames = 10;

const noSuchPod = async (
  controlPlane: Host,
  {namespace, name}: {readonly namespace: string; readonly name: string},
  signal: AbortSignal,
): Promise<UserError> => {
  const {stdout} = await controlPlane.run(
    kubectl('get', '-n', namespace, 'pods', '-o', 'jsonpath={.items[*].metadata.name}'),
    {signal},
  );
  const names = stdout.split(' ').filter(Boolean);
  const more = names.length > mostNames ? `, and ${names.length - mostNames} more` : '';
  return new UserError({
    what: `there is no pod ${namespace}/${name}`,
    why:
      names.length === 0
        ? `namespace ${namespace} has no pods`
        : `namespace ${namespace} has ${names.slice(0, mostNames).join(', ')}${more}`,
    tryThis: 'name another one; outside the default namespace as NAMESPACE/NAME',
    exitCode: exitCodes.badInput,
  });
};
