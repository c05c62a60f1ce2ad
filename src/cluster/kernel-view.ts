/** What the kernel has in a pod's network namespace, and the node's ends of it. */

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

/** Why there is none: the namespace is gone, or is none. */
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
      // It fails where the kernel has no IPv6.
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

/** Pure. The two ends of a veth name each other's index; one index alone may be another namespace's. */
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
