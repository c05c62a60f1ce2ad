/** The tools with which a requirement checks a network runtime. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {KniCalls, Patience} from './kni-client.ts';
import type {OwnNode} from './own-node.ts';
import {
  type Attached,
  attach,
  bringUp,
  createNetwork,
  newPod,
  type Pod,
  takeDown,
  type Wishes,
} from './pods.ts';
import type {RuntimeProcess} from './runtime-process.ts';
import {expectThat} from './violation.ts';

export interface Probe {
  /** The path of the socket, as this process sees it. */
  readonly socket: string;
  readonly kni: KniCalls;
  readonly signal: AbortSignal;
  /** Makes up a pod. The runner deletes its network after the requirement. */
  readonly pod: (parts?: Partial<Pod>) => Pod;
  readonly create: (pod: Pod, annotations?: Readonly<Record<string, string>>) => Promise<string>;
  readonly attach: (pod: Pod, netns: string, wishes?: Wishes, patience?: Patience) => Promise<Attached>;
  /** Creates and attaches the network of a pod, by default of a new one. */
  readonly up: (pod?: Pod, wishes?: Wishes) => Promise<Attached>;
  /** Detaches and deletes it. */
  readonly down: (attached: Pick<Attached, 'pod' | 'netns'>) => Promise<void>;
  /** Only for requirements with the need `node` or `process`. */
  readonly node: OwnNode;
  /** Only for requirements with the need `process`. Throws without one, as `node` does. */
  readonly runtime: RuntimeProcess;
  /** Runs `use` on another new node, whose runtime gets other podCIDRs. Only for the need `process`. */
  readonly onFreshNode: (
    options: {readonly podCidrs: string | undefined; readonly isReady?: boolean},
    use: (probe: Probe) => Promise<void>,
  ) => Promise<void>;
}

export interface ProbeParts extends Pick<Probe, 'socket' | 'kni' | 'signal' | 'onFreshNode'> {
  readonly node: OwnNode | undefined;
  readonly runtime: RuntimeProcess | undefined;
}

/** `pods` collects the pods that it makes up. */
export const makeProbe = (parts: ProbeParts, pods: Pod[]): Probe => {
  const {kni} = parts;
  const pod: Probe['pod'] = (given) => {
    const made = newPod(given);
    pods.push(made);
    return made;
  };
  return {
    socket: parts.socket,
    kni,
    signal: parts.signal,
    pod,
    create: (each, annotations) => createNetwork(kni, each, annotations),
    attach: (each, netns, more, patience) => attach(kni, each, netns, more, patience),
    up: (each = pod(), more) => bringUp(kni, each, more),
    down: (attached) => takeDown(kni, attached),
    get node() {
      return present(parts.node);
    },
    get runtime() {
      return present(parts.runtime);
    },
    onFreshNode: parts.onFreshNode,
  };
};

const present = <T>(part: T | undefined): T => {
  if (part === undefined) throw new Error('this requirement needs a new node');
  return part;
};

/** Deletes the networks of pods by everything that identifies them, and ignores errors. */
export const forgetPods = async (kni: KniCalls, pods: readonly Pod[]): Promise<void> => {
  await eachOf(pods, 8, async ({sandbox, uid, attempt, namespace, name}) => {
    for (const remove of [
      () => kni.detachInterface({id: sandbox}),
      () => kni.deleteNetwork({id: sandbox}),
      () => kni.deleteNetwork({extradata: {uid, attempt}}),
      () => kni.deleteNetwork({namespace, name}),
    ])
      await remove().catch(() => undefined);
  });
};

/** Calls `work` for each item, a few at a time. Rejects with the first error, after all that were started have ended. */
export const eachOf = async <T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> => {
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    // The workers share one iterator.
    for (const [index, item] of entries) await work(item, index);
  };
  const results = await Promise.allSettled(Array.from({length: Math.min(atOnce, items.length)}, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
};

/** Calls `again` until `work` ends. Rejects with the first error of either. */
export const whileRunning = async (work: Promise<void>, again: () => Promise<void>): Promise<void> => {
  const state = {isOver: false};
  const over = work.finally(() => {
    state.isOver = true;
  });
  const repeat = async (): Promise<void> => {
    while (!state.isOver) await again();
  };
  await Promise.all([over, repeat()]);
};

/**
 * Waits until `read` returns an empty list: the kernel removes the links of a deleted netns a moment later. Throws Violation with the
 * rest after 5 s.
 */
export const becomesEmpty = async (
  {signal}: Pick<Probe, 'signal'>,
  expected: string,
  read: () => Promise<readonly string[]>,
): Promise<void> => {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const rest = await read();
    if (rest.length === 0) return;
    const isLate = performance.now() > deadline;
    expectThat(
      !isLate,
      expected,
      `there is: ${rest.slice(0, 10).join('; ')}${rest.length > 10 ? '; …' : ''}`,
    );
    await sleep(100, undefined, {signal});
  }
};
