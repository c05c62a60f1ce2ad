/** Reads the interfaces and routes of a pod's network namespace, and the node's ends of its veths. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {
  type KernelRoute,
  type Link,
  nodeLinks,
  parseLinks,
  parseRoutes,
  podAddresses,
  podRoutes,
  podRoutes6,
} from '../tools/ip.ts';

export interface KernelView {
  /** Without the loopback interface. */
  readonly interfaces: readonly (Link & {readonly nodeSide: Link | undefined})[];
  readonly routes: readonly KernelRoute[];
  /** Names of all interfaces in the node's own namespace. */
  readonly onNode: readonly string[];
}

/** Why the kernel's view is unavailable: the namespace is gone, or its path is not a namespace. */
export interface NoKernelView {
  readonly why: string;
}

export const kernelViewOf = async (
  node: Host,
  netns: string,
  signal: AbortSignal,
): Promise<KernelView | NoKernelView> => {
  const printed = async (command: ReturnType<typeof podRoutes>): Promise<string> =>
    (await node.run(command, {signal})).stdout;
  try {
    const [inPod, routes, routes6, onNode] = await Promise.all([
      printed(podAddresses(netns)),
      printed(podRoutes(netns)),
      // Fails on a kernel without IPv6.
      printed(podRoutes6(netns)).catch(() => ''),
      printed(nodeLinks),
    ]);
    return kernelView({
      inPod: parseLinks(inPod),
      routes: [...parseRoutes(routes, 4), ...parseRoutes(routes6, 6)],
      onNode: parseLinks(onNode),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    return {why: error.lastLine};
  }
};

export interface Links {
  readonly inPod: readonly Link[];
  readonly routes: readonly KernelRoute[];
  readonly onNode: readonly Link[];
}

/** The two ends of a veth hold each other's index. One index alone could belong to another namespace. */
export const kernelView = ({inPod, routes, onNode}: Links): KernelView => ({
  interfaces: inPod
    .filter(({name}) => name !== 'lo')
    .map((link) => ({
      ...link,
      nodeSide: onNode.find(({index, peerIndex}) => index === link.peerIndex && peerIndex === link.index),
    })),
  routes,
  onNode: onNode.map(({name}) => name),
});
