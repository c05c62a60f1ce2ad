/** Whole feeds, as the dashboard sends and records them. */

import type {FeedMessage} from '../../../src/dashboard/feed.ts';
import {inOrder, type MadePod, madePod, type Timed, timed} from './made-pod.ts';
import {podCreated, podEnds, podFails, podStart, podStarts} from './pod-life.ts';
import {snapshotOf} from './snapshots.ts';

/** Microseconds since the epoch. */
export const beginning = Date.UTC(2026, 10, 28, 18, 22, 6) * 1000;
const second = 1_000_000;

export const startMessage = (at: number, {isLive = false, isReadOnly = true} = {}): Timed =>
  timed(at, {
    type: 'start',
    version: 1,
    cluster: 'test1',
    readOnly: isReadOnly,
    live: isLive,
    actions: isReadOnly ? [] : ['create-pod', 'delete-pod', 'stop-runtime', 'start-runtime', 'drill'],
    drills: isReadOnly ? [] : ['readiness', 'failed-add', 'hostport'],
  });

export const longName = 'default/a-pod-with-a-name-that-is-much-longer-than-most-names-of-pods';

/** One minute: pods that run, one that starts, one that fails once, one that is deleted, a runtime that stops for a while. */
export const story = (): readonly FeedMessage[] => {
  const names = ['shop/cart-5d9c7b8f4-x2x7k', 'default/samplepod', 'shop/数据库-主节点', longName];
  const running = names.map((pod, index) => madePod(pod, index));
  const web = madePod('default/web', 6, {hostPort: 8080});
  const flaky = madePod('default/flaky', 8);
  const before = beginning - 20 * second;
  const at = (seconds: number): number => beginning + Math.round(seconds * second);
  const ofWorker = (seconds: number, source: string, kind: string, fields = {}): Timed =>
    timed(at(seconds), {type: 'event', version: 1, source, kind, node: 'test1-worker', ...fields});
  return inOrder([
    startMessage(before),
    ...running.flatMap((pod, index) => podStart(pod, before + index * 300_000, index * 10)),
    snapshotOf(before + 2 * second, running),
    ...podStart(web, at(2.2), 100),
    snapshotOf(at(4), [...running, web]),
    ...podCreated(flaky, at(8.3)),
    ...podFails(flaky, at(8.3), 200),
    ...podStarts(flaky, at(20.1), 300),
    snapshotOf(at(22), [...running, web, flaky]),
    ofWorker(30, 'runtime', 'runtime-stopping'),
    ofWorker(30.2, 'kni-demo', 'source-lost', {reason: 'runtime', error: 'connection refused'}),
    snapshotOf(at(33), [...running, web, flaky], {silent: 'test1-worker'}),
    ofWorker(38, 'runtime', 'runtime-started'),
    ofWorker(38.1, 'kni-demo', 'source-back', {reason: 'runtime'}),
    snapshotOf(at(40), [...running, web, flaky]),
    ...podEnds(web, at(45.5), 400),
    snapshotOf(at(47.5), [...running, flaky]),
  ]);
};

const families = ['web-5d9c7b8f4', 'api-7c6d5b9f8', 'worker-66f9d8c7b', 'cache', 'batch-import'];

/** `count` pods of some applications, a new one every `every` microseconds. */
export const crowd = (count: number, every: number, from = beginning): readonly FeedMessage[] => {
  const pods = Array.from({length: count}, (_, index) => {
    const suffix = `${(index * 7919 + 46_656).toString(36).slice(-3)}${index % 10}x`;
    const hostPort = index === 3 ? {hostPort: 8443} : {};
    return madePod(`default/${families[index % families.length]}-${suffix}`, index, hostPort);
  });
  return inOrder([
    startMessage(from - 1),
    snapshotOf(from, []),
    ...pods.flatMap((pod, index) => podStart(pod, from + 1000 + index * every, index * 10)),
    snapshotOf(from + second + count * every, pods),
    snapshotOf(from + 12 * second + count * every, pods),
  ]);
};

interface Churn {
  readonly pods: number;
  /** Microseconds between two new pods. */
  readonly every: number;
  /** Pods at a time: each lives that many intervals. */
  readonly alive: number;
  readonly from?: number;
}

/** Pods that come and go, one interval at a time: about 60 messages for each pod, and a snapshot. */
export function* churn({pods, every, alive, from = beginning}: Churn): Generator<readonly FeedMessage[]> {
  const running: MadePod[] = [];
  for (let index = 0; index < pods; index++) {
    const at = from + index * every;
    const address = `10.244.${index % 2 === 0 ? 1 : 0}.${2 + (Math.floor(index / 2) % 250)}`;
    const made = madePod(`default/${families[index % families.length]}-${index}`, index, {address});
    running.push(made);
    const oldest = running.length > alive ? running.shift() : undefined;
    yield inOrder([
      ...podStart(made, at, index * 100),
      ...(oldest === undefined ? [] : podEnds(oldest, at + 1000, index * 100 + 50)),
      snapshotOf(at + every - 1000, running),
    ]);
  }
}
