/** Everything there is to know of one pod's network: from its node's runtime, kernel and journal. */

import {z} from 'zod';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {sandboxesOfPod} from '../tools/ctr.ts';
import {addressesIn, type Link, type LiveRoute, parseLinks, parseRoutes, routesIn} from '../tools/ip.ts';
import {
  type Inspection,
  inspectPod,
  parseInspection,
  parseQuery,
  querySandbox,
} from '../tools/kni-runtime.ts';
import {getJson} from '../tools/kubectl.ts';
import type {Cluster} from './cluster.ts';
import {linesAbout} from './proof.ts';
import type {LogLine} from './runtime-log.ts';

export interface PodInspection {
  readonly pod: string;
  readonly node: string;
  readonly recorded: Inspection;
  /** Undefined where the namespace cannot be entered. */
  readonly live: {readonly links: readonly Link[]; readonly routes: readonly LiveRoute[]} | undefined;
  /** Where record and kernel differ, a sentence each. */
  readonly differences: readonly string[];
  /** The RPCs and plugins of the current sandbox, oldest first. */
  readonly timeline: readonly LogLine[];
}

const podObject = z.object({
  metadata: z.object({uid: z.string()}),
  spec: z.object({nodeName: z.string().optional(), hostNetwork: z.boolean().optional()}),
});

/** `pod` is `namespace/name`. Throws UserError where there is nothing to inspect. */
export const inspectPodOf = async (
  cluster: Cluster,
  pod: string,
  signal: AbortSignal,
): Promise<PodInspection> => {
  const [namespace = '', name = ''] = pod.split('/');
  const get = getJson('-n', namespace, 'pods', '--ignore-not-found', name);
  const {stdout} = await cluster.controlPlane.run(get, {signal});
  if (stdout.trim() === '') {
    throw refusal(
      `there is no pod ${pod}`,
      'the API server does not have it',
      'see which there are: kubectl get pods -A',
    );
  }
  const {metadata, spec} = readJson(podObject, stdout, `pod ${pod}`);
  if (spec.hostNetwork) {
    throw refusal(
      `pod ${pod} has no network of its own`,
      "it uses its node's (hostNetwork)",
      'inspect another pod',
    );
  }
  if (spec.nodeName === undefined) {
    throw refusal(
      `pod ${pod} has no network yet`,
      'it runs on no node',
      `see why: kubectl -n ${namespace} describe pod ${name}`,
    );
  }
  const node = cluster.node(spec.nodeName);
  const recorded = await recordedOf({node, nodeName: spec.nodeName, pod, uid: metadata.uid, signal});
  const [live, lines] = await Promise.all([
    liveOf(node, recorded.network.netns, signal),
    linesAbout(metadata.uid, node, signal),
  ]);
  const differences = live ? differencesOf(recorded, live.links) : [];
  return {pod, node: spec.nodeName, recorded, live, differences, timeline: timelineOf(lines, recorded)};
};

const refusal = (what: string, why: string, tryThis: string): UserError =>
  new UserError({what, why, tryThis, exitCode: exitCodes.badInput});

interface Asked {
  readonly node: Host;
  readonly nodeName: string;
  readonly pod: string;
  readonly uid: string;
  readonly signal: AbortSignal;
}

const recordedOf = async ({node, nodeName, pod, uid, signal}: Asked): Promise<Inspection> => {
  const [namespace = '', name = ''] = pod.split('/');
  const explained = (error: unknown): never => {
    throw runtimeTrouble(error, nodeName, pod);
  };
  try {
    return parseInspection((await node.run(inspectPod(namespace, name), {signal})).stdout);
  } catch (error) {
    if (!(error instanceof CommandError) || !error.output.includes('UNIMPLEMENTED')) return explained(error);
  }
  // Another runtime than ours: it has what every KNI runtime has.
  const sandbox = (await node.run(sandboxesOfPod(uid), {signal})).stdout.split('\n')[0] ?? '';
  const {stdout} = await node.run(querySandbox(sandbox), {signal}).catch(explained);
  return parseQuery(stdout, sandbox);
};

/** What to say where the runtime of a node does not answer, or not as wanted. */
export const runtimeTrouble = (error: unknown, node: string, pod?: string): unknown => {
  if (!(error instanceof CommandError)) return error;
  const said = /^kni-runtime: ([A-Z_]+): (.*)$/m.exec(error.output);
  if (said?.[1] === 'NOT_FOUND' && pod !== undefined) {
    return new UserError({
      what: `the network of pod ${pod} is not known on ${node}`,
      why: said[2] ?? '',
      tryThis: `see what the runtime did: kni-demo logs --node ${node} --pod ${pod}`,
    });
  }
  if (!said) return error;
  return new UserError({
    what: `the network runtime of ${node} does not answer`,
    why: said[2] ?? '',
    tryThis: `see whether it runs: docker exec ${node} systemctl status kni`,
  });
};

const liveOf = async (node: Host, netns: string, signal: AbortSignal): Promise<PodInspection['live']> => {
  if (netns === '') return undefined;
  try {
    const [links, routes] = await Promise.all([
      node.run(addressesIn(netns), {signal}),
      node.run(routesIn(netns), {signal}),
    ]);
    return {links: parseLinks(links.stdout), routes: parseRoutes(routes.stdout)};
  } catch (error) {
    if (error instanceof CommandError && !signal.aborted) return undefined;
    throw error;
  }
};

/** What a result does not tell cannot differ. */
export const differencesOf = ({network}: Inspection, links: readonly Link[]): readonly string[] => {
  const recorded = network.interfaces.flatMap(({name, mac, mtu, addresses}) => {
    const link = links.find((each) => each.name === name);
    if (!link) return [`${name} is recorded, and not in the pod`];
    const missing = addresses.filter(({cidr}) => !link.cidrs.some((each) => isSame(each, cidr)));
    const extra = link.cidrs.filter((cidr) => !addresses.some((each) => isSame(cidr, each.cidr)));
    return [
      ...(mac && mac !== link.mac ? [`${name} is recorded with MAC ${mac}, and has ${link.mac}`] : []),
      ...(mtu && mtu !== link.mtu ? [`${name} is recorded with MTU ${mtu}, and has ${link.mtu}`] : []),
      ...missing.map(({cidr}) => `${name} is recorded with ${cidr}, and does not have it`),
      ...extra.map((cidr) => `${name} has ${cidr}, which is not recorded`),
    ];
  });
  const unknown = links.filter(({name}) => !network.interfaces.some((each) => each.name === name));
  return [...recorded, ...unknown.map(({name}) => `${name} is in the pod, and not recorded`)];
};

/** A foreign runtime tells no prefix length. */
const isSame = (live: string, recorded: string): boolean =>
  recorded.includes('/') ? live === recorded : live.split('/')[0] === recorded;

/** Of a runtime without correlation ids, what names the sandbox or its netns. */
export const timelineOf = (lines: readonly LogLine[], {network}: Inspection): readonly LogLine[] =>
  lines.filter(
    ({correlation, sandbox, netns, ms}) =>
      ms !== undefined &&
      (correlation === undefined
        ? sandbox === network.sandbox || (netns !== undefined && netns === network.netns)
        : correlation === network.correlation),
  );
