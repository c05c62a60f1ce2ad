import {array, assert, integer, property} from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {FeedMessage} from '../../../src/dashboard/feed.ts';
import {emptyModel, type Model} from '../../../src/dashboard/page/model/model.ts';
import {stateOf} from '../../../src/dashboard/page/model/pods.ts';
import {mostBars, mostEntries, reduce} from '../../../src/dashboard/page/model/reduce.ts';
import {inOrder, madePod, sandboxOf, type Timed, timed} from '../../rig/dashboard/made-pod.ts';
import {failure, podCreated, podEnds, podFails, podStart, podStarts} from '../../rig/dashboard/pod-life.ts';
import {silence, snapshotOf} from '../../rig/dashboard/snapshots.ts';
import {beginning, crowd, startMessage, story} from '../../rig/dashboard/stories.ts';

const second = 1_000_000;
const [web, api] = [madePod('default/web', 2), madePod('default/api', 4)];

const after = (...messages: readonly Timed[]): Model =>
  reduce(emptyModel, inOrder([startMessage(beginning - 2 * second), ...messages]));

/** The snapshot, but the pod is not Ready. */
const whileStarting = (message: Timed, path: string): Timed =>
  message.type === 'snapshot'
    ? {
        ...message,
        pods: message.pods.map((pod) =>
          `${pod.namespace}/${pod.name}` === path ? {...pod, ready: false} : pod,
        ),
      }
    : message;

const podsIn = ({pods}: Model): readonly string[] =>
  [...pods.values()].filter(({hostNetwork}) => !hostNetwork).map((pod) => `${pod.path} ${stateOf(pod)}`);

describe('the reducer', () => {
  it('gives the same model whatever the size of the batches', () => {
    const messages = story();
    const whole = reduce(emptyModel, messages);
    const size = integer({min: 1, max: 40});
    assert(
      property(array(size, {minLength: 1, maxLength: 20}), (sizes) => {
        let model = emptyModel;
        for (let from = 0, index = 0; from < messages.length; index += 1) {
          const length = sizes[index % sizes.length] ?? 1;
          model = reduce(model, messages.slice(from, from + length));
          from += length;
        }
        expect(withoutIds(model)).toEqual(withoutIds(whole));
      }),
      {numRuns: 20},
    );
  });

  it('shows a pod as failing from a failed attempt until one succeeds, as its life does', () => {
    const failed = [...podCreated(web, beginning), ...podFails(web, beginning)];
    const model = after(...failed);
    expect(podsIn(model)).toEqual(['default/web failing']);
    expect(model.pods.get(web.pod)?.failure).toBe(failure);
    const snapshot = snapshotOf(beginning + 2 * second, [web]);
    const notReady = whileStarting(snapshot, web.pod);
    expect(podsIn(after(...failed, notReady))).toEqual(['default/web failing']);
    expect(podsIn(after(...failed, snapshot))).toEqual(['default/web ready']);
    expect(podsIn(after(...failed, notReady, ...podStarts(web, beginning + 12 * second, 100)))).toEqual([
      'default/web ready',
    ]);
  });

  it('does not change the model that it gets', () => {
    const messages = story();
    const half = reduce(emptyModel, messages.slice(0, 60));
    const copy = structuredClone(half);
    reduce(half, messages.slice(60));
    expect(half).toEqual(copy);
  });

  it('shows a pod at once, before a snapshot has it', () => {
    const model = after(
      snapshotOf(beginning - second, []),
      ...podStart(web, beginning).filter(({at}) => at < beginning + 480_000),
    );
    expect(podsIn(model)).toEqual(['default/web starting']);
    expect(model.pods.get(web.pod)).toMatchObject({
      node: 'test1-worker',
      interfaces: [{name: 'eth0', addresses: ['10.244.1.3/24']}],
    });
  });

  it('shows a pod that is gone for some seconds', () => {
    const events = [
      ...podStart(web, beginning),
      snapshotOf(beginning + 2 * second, [web]),
      ...podEnds(web, beginning + 5 * second),
    ];
    expect(podsIn(after(...events))).toEqual(['default/web removed']);
    const later = timed(beginning + 12 * second, {type: 'tick'});
    expect(podsIn(after(...events, later))).toEqual([]);
  });

  it('believes an event more than a snapshot that was made before it', () => {
    const events = [...podStart(web, beginning), ...podEnds(web, beginning + 5 * second)];
    const late = snapshotOf(beginning + 6 * second, [web]);
    expect(podsIn(after(...events, late))).toEqual(['default/web removed']);
  });

  it('believes a later snapshot more than events', () => {
    const model = after(
      ...podStart(web, beginning),
      ...podStart(api, beginning, 20),
      snapshotOf(beginning + 30 * second, [api]),
    );
    expect(podsIn(model)).toEqual(['default/api ready', 'default/web removed']);
  });

  it('says at once that a network runtime stops, and the reason when the node reports it', () => {
    const stopping = timed(beginning + second, {
      type: 'event',
      version: 1,
      source: 'runtime',
      kind: 'runtime-stopping',
      node: 'test1-worker',
    });
    const worker = (model: Model) => model.nodes?.find(({name}) => name === 'test1-worker');
    const first = after(snapshotOf(beginning, [web]), stopping);
    expect(worker(first)).toMatchObject({ready: true, silent: 'the network runtime stops'});
    const next = after(
      snapshotOf(beginning, [web]),
      stopping,
      snapshotOf(beginning + 6 * second, [web], {silent: 'test1-worker'}),
    );
    expect(worker(next)).toMatchObject({ready: false, reason: silence});
  });

  it('links log entries to bars', () => {
    const model = after(...podStart(web, beginning));
    const life = model.lives.get(web.uid);
    const entry = (text: string) => model.log.find((each) => each.text === text);
    const bar = life?.bars.find(({label}) => label === 'AttachInterface');
    expect(entry('AttachInterface ok 29 ms')).toMatchObject({life: web.uid, bar: bar?.id, source: 'runtime'});
    expect(entry('AttachInterface ok')).toMatchObject({
      life: web.uid,
      bar: bar?.id,
      source: 'log',
      isMinor: true,
    });
  });

  it('links lines that come before the events of their calls, also those of plugins', () => {
    const messages = podFails(web, beginning);
    const line = {
      type: 'log',
      level: 'warn',
      node: web.node,
      sandbox: sandboxOf(web),
      plugin: 'portmap',
      error: failure,
    };
    const lines = [
      ...messages.filter(({type}) => type === 'log'),
      timed(beginning + 482_000, {...line, msg: 'portmap ADD failed'}),
    ];
    const events = messages.filter(({type}) => type === 'event');
    const early = [startMessage(beginning - second), ...lines, ...events].map((each) => inOrder([each]));
    const model = early.reduce(reduce, emptyModel);
    const whole = reduce(emptyModel, early.flat());
    expect(withoutIds(model)).toEqual(withoutIds(whole));
    const bars = model.lives.get(web.uid)?.bars ?? [];
    const linked = (text: string) => {
      const entry = model.log.find((each) => each.source === 'log' && each.text.startsWith(text));
      const bar = bars.find(({id}) => id === entry?.bar);
      return [entry?.life, entry?.pod, bar && `${bar.lane} ${bar.label}`];
    };
    expect(linked('AttachInterface failed')).toEqual([web.uid, web.pod, 'runtime AttachInterface']);
    expect(linked('DeleteNetwork ok')).toEqual([web.uid, web.pod, 'runtime DeleteNetwork']);
    expect(linked('portmap ADD failed')).toEqual([web.uid, web.pod, 'plugin portmap ADD']);
  });

  it('keeps the log in the order of time', () => {
    const {log} = reduce(emptyModel, story());
    const times = log.map(({at}) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('forgets everything when a feed begins again', () => {
    const again = [startMessage(beginning + 60 * second), snapshotOf(beginning + 61 * second, [api])];
    const model = reduce(reduce(emptyModel, story()), inOrder(again));
    expect(podsIn(model)).toEqual(['default/api ready']);
    expect(model.lives.size).toBe(0);
    expect(model.log).toEqual([]);
  });

  it('says that the cluster is lost until it is back', () => {
    const lost = timed(beginning, {type: 'lost', reason: 'the API server does not answer'});
    expect(after(lost).lost).toBe('the API server does not answer');
    expect(after(lost, timed(beginning + 1, {type: 'back'})).lost).toBeUndefined();
  });

  it('offers no actions to a reader', () => {
    const start = {...startMessage(beginning, {isReadOnly: false, isLive: true})};
    expect(reduce(emptyModel, [start]).actions).toContain('create-pod');
    expect(reduce(emptyModel, [{...start, readOnly: true} as FeedMessage]).actions).toEqual([]);
  });

  it('ignores messages and kinds that it does not know', () => {
    const messages = [
      {type: 'later-version', time: '2026-11-28T18:22:06Z'},
      {
        type: 'event',
        version: 1,
        time: '2026-11-28T18:22:06.000000Z',
        source: 'runtime',
        kind: 'new-kind',
        pod: web.pod,
        uid: web.uid,
      },
      {type: 'event', version: 1, time: 'invalid', source: 'runtime', kind: 'rpc-began'},
    ] as unknown as readonly FeedMessage[];
    const model = reduce(emptyModel, messages);
    expect(model.log.map(({text}) => text)).toEqual(['new-kind']);
    expect(model.lives.get(web.uid)?.bars).toHaveLength(1);
  });

  it('remembers a bounded number of lives and log entries', () => {
    let model = emptyModel;
    for (const message of chunks(crowd(600, 100_000), 200)) model = reduce(model, message);
    expect(model.lives.size).toBe(250);
    expect(model.log).toHaveLength(mostEntries);
  });

  it('keeps every pod that exists when failing pods have too many bars', () => {
    const madeBy = (pod: string, count: number): readonly FeedMessage[] =>
      Array.from({length: count}, (_, index) =>
        timed(beginning + index, {
          type: 'event',
          version: 1,
          source: 'runtime',
          kind: 'netns-created',
          pod,
          uid: pod,
        }),
      );
    const gone = timed(beginning + 1, {
      type: 'event',
      version: 1,
      source: 'api',
      kind: 'pod-gone',
      pod: 'default/gone',
      uid: 'default/gone',
    });
    let model = reduce(emptyModel, [...madeBy('default/gone', 3), gone, ...madeBy('default/quiet', 3)]);
    for (let pod = 0; pod < 60; pod++) model = reduce(model, madeBy(`default/failing-${pod}`, 400));
    const lives = [...model.lives.values()];
    const barsOf = (pod: string): number | undefined => lives.find((life) => life.pod === pod)?.bars.length;
    expect(lives).toHaveLength(61);
    expect(barsOf('default/quiet')).toBe(3);
    expect(barsOf('default/gone')).toBeUndefined();
    expect(
      lives.every(({bars, forgotten, pod}) => pod === 'default/quiet' || bars.length + forgotten === 400),
    ).toBe(true);
    expect(lives.reduce((sum, {bars}) => sum + bars.length, 0)).toBeLessThanOrEqual(mostBars);
  });
});

const chunks = <Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] =>
  Array.from({length: Math.ceil(items.length / size)}, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/** Ids only have to be unique. */
const withoutIds = ({nextId: _nextId, lives, log, ...model}: Model): object => ({
  ...model,
  lives: [...lives.values()].map(({bars, open, ...life}) => ({
    ...life,
    open: [...open.keys()],
    bars: bars.map(({id: _id, ...bar}) => bar),
  })),
  log: log.map(({id: _id, bar, ...entry}) => ({...entry, isLinked: bar !== undefined})),
});
