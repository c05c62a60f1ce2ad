/** Runs requirements, one after the other, against a network runtime. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Command, Host} from '../host/host.ts';
import {type Exchange, kniClient} from './kni-client.ts';
import {type OwnNode, startOwnNode} from './own-node.ts';
import type {Pod} from './pods.ts';
import {forgetPods, makeProbe, type Probe} from './probe.ts';
import type {Needs, Requirement} from './requirement.ts';
import {outcomeOfError, type Result} from './result.ts';
import {defaultPodCidrs, type RuntimeProcess, runtimePaths, runtimeProcess} from './runtime-process.ts';
import {Violation} from './violation.ts';

/** A runtime that the suite starts on a new node, or one that is already running. */
export type Target =
  | {
      readonly kind: 'program';
      readonly host: Host;
      /** Makes the command that starts the runtime on the node; it may write files there. */
      readonly prepare: (node: OwnNode) => Promise<Command>;
    }
  | {readonly kind: 'socket'; readonly path: string};

export interface SuiteOptions {
  readonly signal: AbortSignal;
  readonly onStart?: (requirement: Requirement) => void;
  readonly onResult: (requirement: Requirement, result: Result) => void;
}

/** Whether a requirement can be checked with this target. */
export const canCheck = (target: Target['kind'], needs: Needs): boolean =>
  target === 'program' || needs === 'socket';

/** Milliseconds for one requirement. */
const timeLimits = {usual: 120_000, slow: 900_000} as const;

/**
 * Rejects with UserError if the runtime does not start at all, or this process may not create namespaces. After a failure the next
 * requirement gets a new node, so that failures do not cause others.
 */
export const runSuite = async (
  target: Target,
  requirements: readonly (Requirement & {readonly isSlow: boolean})[],
  {signal, onStart, onResult}: SuiteOptions,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  let place: Place | undefined;
  try {
    for (const requirement of requirements) {
      signal.throwIfAborted();
      place ??= target.kind === 'program' ? await startPlace(target, signal) : liveAt(target.path);
      onStart?.(requirement);
      const result = await check(target, place, requirement, signal);
      results.push(result);
      onResult(requirement, result);
      if (result.outcome.kind === 'failed') {
        await place[Symbol.asyncDispose]();
        place = undefined;
      }
    }
  } finally {
    await place?.[Symbol.asyncDispose]();
  }
  return results;
};

interface Place extends AsyncDisposable {
  readonly socket: string;
  readonly node: OwnNode | undefined;
  readonly runtime: RuntimeProcess | undefined;
}

const liveAt = (socket: string): Place => ({
  socket,
  node: undefined,
  runtime: undefined,
  [Symbol.asyncDispose]: async () => undefined,
});

const startPlace = async (
  {host, prepare}: Target & {kind: 'program'},
  signal: AbortSignal,
  {podCidrs = defaultPodCidrs, isReady = true}: {podCidrs?: string | undefined; isReady?: boolean} = {},
  tellsPodCidrs = true,
): Promise<Place> => {
  const node = await startOwnNode(host, signal);
  const over = async (runtime?: RuntimeProcess): Promise<void> => {
    await runtime?.[Symbol.asyncDispose]();
    await node[Symbol.asyncDispose]();
  };
  let runtime: RuntimeProcess | undefined;
  try {
    const command = await prepare(node);
    runtime = runtimeProcess(host, node, command, {podCidrs: tellsPodCidrs ? podCidrs : undefined, signal});
    await (isReady ? runtime.start() : runtime.launch());
  } catch (error) {
    await over(runtime);
    throw error;
  }
  return {
    socket: node.path(runtimePaths.socket),
    node,
    runtime,
    [Symbol.asyncDispose]: () => over(runtime),
  };
};

const check = async (
  target: Target,
  place: Place,
  requirement: Requirement & {readonly isSlow: boolean},
  signal: AbortSignal,
): Promise<Result> => {
  const begun = performance.now();
  const exchanges: Exchange[] = [];
  const limit = requirement.isSlow ? timeLimits.slow : timeLimits.usual;
  const late = new AbortController();
  const work = withProbe(
    target,
    place,
    {exchanges, signal: AbortSignal.any([signal, late.signal])},
    async (probe) => {
      await requirement.run(probe);
      expectRunning(place, requirement);
    },
  );
  work.catch(() => undefined);
  try {
    await Promise.race([
      work,
      sleep(limit, undefined, {signal: AbortSignal.any([signal, late.signal])}).then((): never => {
        throw new Violation(`an end within ${limit / 1000} s`, 'the check still waits');
      }),
    ]);
    return {id: requirement.id, outcome: {kind: 'passed'}, took: performance.now() - begun};
  } catch (error) {
    signal.throwIfAborted();
    return {id: requirement.id, outcome: outcomeOfError(error, exchanges), took: performance.now() - begun};
  } finally {
    // Its pods are deleted then. Calls in progress have deadlines.
    late.abort();
    await work.catch(() => undefined);
    await revive(place, signal);
  }
};

/** Deletes the networks of the pods that `use` has made, also if it throws. */
const withProbe = async (
  target: Target,
  {socket, node, runtime}: Place,
  {exchanges, signal}: {readonly exchanges: Exchange[]; readonly signal: AbortSignal},
  use: (probe: Probe) => Promise<void>,
): Promise<void> => {
  const pods: Pod[] = [];
  using kni = kniClient(socket, (exchange) => {
    exchanges.push(exchange);
    if (exchanges.length > 50) exchanges.shift();
  });
  signal.addEventListener('abort', () => kni[Symbol.dispose](), {once: true});
  using cleaner = kniClient(socket, () => undefined);
  const onFreshNode: Probe['onFreshNode'] = async ({podCidrs, isReady = true}, useFresh) => {
    if (target.kind !== 'program') throw new Error('this requirement needs a new node');
    await using fresh = await startPlace(target, signal, {podCidrs, isReady}, podCidrs !== undefined);
    await withProbe(target, fresh, {exchanges, signal}, useFresh);
  };
  try {
    await use(makeProbe({socket, kni, signal, onFreshNode, node, runtime}, pods));
  } finally {
    await forgetPods(cleaner, pods);
  }
};

/** Throws Violation if the runtime has ended by itself. */
const expectRunning = ({runtime}: Place, {needs}: Requirement): void => {
  if (runtime === undefined || needs === 'process' || runtime.pid() !== undefined) return;
  throw new Violation(
    'the runtime to keep running',
    ['it has ended', ...runtime.output().slice(-5)].join('\n'),
  );
};

/** A requirement may end while the runtime is stopped. */
const revive = async ({runtime}: Place, signal: AbortSignal): Promise<void> => {
  if (runtime === undefined || runtime.pid() !== undefined || signal.aborted) return;
  await runtime.start().catch(() => undefined);
};
