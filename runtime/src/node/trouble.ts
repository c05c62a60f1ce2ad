/** Why pods cannot be attached to the node's network. Equal causes have equal texts: Kubernetes aggregates events by them. */
import type {StoreFailed} from '../network/errors.ts';
import {ApiRefused} from './api-client.ts';
import {NodeNotReady} from './errors.ts';
import {KubeconfigInvalid, KubeconfigMissing} from './kubeconfig.ts';
import type {NodeFacts} from './node-facts.ts';

export interface Trouble {
  readonly reason: string;
  readonly message: string;
  /** New pods cannot be attached, but running pods are not affected. */
  readonly runningPodsUnaffected?: true;
}

export const troubleOfReading = (error: unknown): Trouble => {
  if (error instanceof KubeconfigMissing) return {reason: 'KubeconfigMissing', message: error.message};
  if (error instanceof KubeconfigInvalid) return {reason: 'KubeconfigInvalid', message: error.message};
  if (error instanceof ApiRefused) {
    return {
      reason: 'NodesUnreadable',
      message: `the API server refuses to list the nodes (HTTP ${error.statusCode})`,
    };
  }
  return {reason: 'APIServerUnreachable', message: 'cannot reach the API server'};
};

export const troubleOfNode = (nodes: readonly NodeFacts[], name: string): Trouble | undefined => {
  const own = nodes.find((node) => node.name === name);
  if (!own) return {reason: 'NodeMissing', message: `node ${name} is not registered yet`};
  if (own.podCidrs.length === 0)
    return {reason: 'PodCIDRMissing', message: `node ${name} has no podCIDR yet`};
  return undefined;
};

/** The exact error is only in the log, because messages of tools vary. */
export const troubleOfPreparing = (error: unknown): Trouble =>
  error instanceof NodeNotReady
    ? {reason: error.reason, message: error.message}
    : {
        reason: 'NodeSetupFailed',
        message: 'cannot prepare the node for pods, see the log of the network runtime',
      };

/** Pods cannot be attached if their records cannot be written. */
export const troubleOfState = (trouble: StoreFailed | undefined): Trouble | undefined => {
  if (!trouble) return undefined;
  const why = trouble.full ? 'its disk is full' : 'the log of the network runtime says why';
  return {reason: 'StateNotWritable', message: `the state directory is not writable: ${why}`};
};
