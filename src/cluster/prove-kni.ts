/** Proves that KNI gave a pod its network, or says which check failed. */

import {UserError} from '../errors.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {type Cluster, flagOf} from './cluster.ts';
import {findPod, type Pod} from './pod.ts';
import {type Check, type Evidence, type EvidenceOptions, gatherEvidence, judge, nameLabel} from './proof.ts';

export interface Proof {
  readonly evidence: Evidence;
  readonly checks: readonly Check[];
}

/** Shows why the pods of the DNS server do not run; `flag` is the cluster's. */
export const dnsHint = (flag: string): string =>
  `kni-demo kubectl${flag} -n kube-system describe pods -l app.kubernetes.io/name=kni-dns`;

/** Throws UserError when the pod is missing or not Ready, or when a check fails. */
export const proveKni = async (
  cluster: Cluster,
  name: string,
  signal: AbortSignal,
  {found, ...options}: EvidenceOptions & {readonly found?: Pod | undefined} = {},
): Promise<Proof> => {
  const pod = found ?? (await findPod(cluster.controlPlane, name, signal));
  if (!pod?.ready) {
    throw new UserError({
      code: 'KNI-E102',
      what: `pod ${name} is not Ready`,
      why: pod?.why ?? 'the pod does not exist',
      tryThis: `kni-demo logs --pod ${name}${flagOf(cluster)}`,
    });
  }
  const evidence = await gatherEvidence(cluster, pod, signal, options);
  const checks = judge(evidence);
  const failed = checks.filter(({holds}) => !holds);
  if (failed.length === 0) return {evidence, checks};
  throw new UserError({
    code: 'KNI-E101',
    what: `cannot prove that KNI gave pod ${name} its network`,
    why: failed.map(({claim, saw}) => `check failed: ${claim} (found: ${saw})`).join('\n'),
    tryThis: failed.every(({label}) => label === nameLabel)
      ? `see if the DNS server runs: ${dnsHint(flagOf(cluster))}`
      : `see what the runtime did: kni-demo logs --pod ${name}${flagOf(cluster)}`,
  });
};

export interface ProofOptions extends EvidenceOptions {
  /** Milliseconds for all attempts. */
  readonly atMost?: number;
  /** Milliseconds between two attempts. */
  readonly every?: number;
  /** The pod as it was read just now: the first attempt does not read it again. */
  readonly found?: Pod;
}

/**
 * Retries the proof. After a node has restarted, the API server reports its old pods as Ready until the kubelet has
 * created new ones. When the kubelet's first attempt fails, the next one follows 10 to 15 s later.
 */
export const waitForProof = async (
  cluster: Cluster,
  pod: string,
  signal: AbortSignal,
  {atMost = 60_000, every = 1_000, found, ...options}: ProofOptions = {},
): Promise<Proof> => {
  const wait = {what: 'the proof to succeed', every, atMost, signal};
  let recent = found;
  const attempt = (): Promise<Proof> => {
    const first = recent;
    recent = undefined;
    return proveKni(cluster, pod, signal, {...options, found: first});
  };
  return waitUntil(wait, attempt).catch((error: unknown) => {
    throw error instanceof DeadlineExceeded && error.cause instanceof UserError ? error.cause : error;
  });
};
