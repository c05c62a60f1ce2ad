import {describe, expect, it} from 'vitest';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {createHub, type Reader} from '../../src/dashboard/hub.ts';

const start = {version: 1, cluster: 'test1', readOnly: false, live: true, actions: [], drills: []};
const now = () => new Date(0);
const time = '1970-01-01T00:00:00.000Z';

const event = (kind: string): FeedMessage => ({type: 'event', version: 1, time, source: 'runtime', kind});
const snapshot = (name: string): FeedMessage => ({
  type: 'snapshot',
  time,
  nodes: [
    {
      name,
      role: 'worker',
      running: true,
      addresses: [],
      podCIDRs: [],
      networks: [],
      pendingCleanups: 0,
      links: [],
      routes: [],
      tunnels: [],
    },
  ],
  pods: [],
});

/** The lines that the reader gets without waiting: `event a`, `snapshot n`, `dropped 3`. */
const read = async (reader: Reader): Promise<readonly string[]> => {
  const all: string[] = [];
  for (;;) {
    const line = await Promise.race([
      reader.next(),
      new Promise<string>((resolve) => setTimeout(resolve, 20, 'none')),
    ]);
    if (line === 'none' || line === undefined) return all;
    const {type, kind, nodes, messages, reason} = JSON.parse(line);
    all.push([type, kind ?? nodes?.[0]?.name ?? messages ?? reason].filter(Boolean).join(' '));
  }
};

describe('the hub', () => {
  it('gives a new reader the start, the past and the state, and then what comes', async () => {
    const hub = createHub({start, now});
    for (const message of [event('a'), snapshot('one'), snapshot('two'), event('b')]) hub.publish(message);
    const reader = hub.subscribe();
    hub.publish(event('c'));
    expect(await read(reader)).toEqual(['start', 'event a', 'event b', 'snapshot two', 'event c']);
    const first = await hub.subscribe().next();
    expect(JSON.parse(first ?? '')).toEqual({type: 'start', time, ...start});
  });

  it('tells a new reader that the cluster is lost, until it is back', async () => {
    const hub = createHub({start, now});
    hub.publish({type: 'lost', time, reason: 'stopped'});
    expect(await read(hub.subscribe())).toEqual(['start', 'lost stopped']);
    hub.publish({type: 'back', time});
    expect(await read(hub.subscribe())).toEqual(['start']);
  });

  it('gives several readers the same messages', async () => {
    const hub = createHub({start, now});
    const readers = [hub.subscribe(), hub.subscribe()];
    hub.publish(event('a'));
    for (const reader of readers) expect(await read(reader)).toEqual(['start', 'event a']);
    expect(hub.readers()).toBe(2);
    readers[0]?.end();
    expect(hub.readers()).toBe(1);
  });

  it('forgets the oldest events when they are too many', async () => {
    const size = JSON.stringify(event('a')).length;
    const hub = createHub({start, now, memory: size * 2});
    for (const kind of ['a', 'b', 'c', 'd']) hub.publish(event(kind));
    expect(await read(hub.subscribe())).toEqual(['start', 'event c', 'event d']);
  });

  it('passes on routine calls, and does not remember them', async () => {
    const hub = createHub({start, now});
    const reader = hub.subscribe();
    hub.publish({...event('a'), routine: true} as FeedMessage);
    hub.publish(event('b'));
    expect(await read(reader)).toEqual(['start', 'event a', 'event b']);
    expect(await read(hub.subscribe())).toEqual(['start', 'event b']);
  });

  it('drops what a slow reader has not taken, says how much, and repeats the state', async () => {
    const size = JSON.stringify(event('a')).length;
    const hub = createHub({start, now, backlog: size * 3});
    hub.publish(snapshot('now'));
    const [slow, quick] = [hub.subscribe(), hub.subscribe()];
    expect(await read(quick)).toEqual(['start', 'snapshot now']);
    for (const kind of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      hub.publish(event(kind));
      expect(await quick.next()).toContain(`"kind":"${kind}"`);
    }
    expect(await read(slow)).toEqual([
      'start',
      'snapshot now',
      'dropped 8',
      'back',
      'snapshot now',
      'event i',
    ]);
    hub.publish(event('j'));
    expect(await read(slow)).toEqual(['event j']);
  });

  it('wakes a reader that waits, and ends it', async () => {
    const hub = createHub({start, now});
    const reader = hub.subscribe();
    await reader.next();
    const waiting = reader.next();
    hub.publish(event('a'));
    expect(await waiting).toContain('"kind":"a"');
    const last = reader.next();
    hub.close();
    expect(await last).toBeUndefined();
    expect(await hub.subscribe().next()).toBeUndefined();
    expect(hub.readers()).toBe(0);
  });

  it('passes every message to a recorder, also those that readers drop', () => {
    const lines: unknown[] = [];
    const hub = createHub({start: {...start, actions: ['drill']}, now, memory: 1, backlog: 1});
    const end = hub.tap((line) => {
      const {type, live, readOnly, actions} = JSON.parse(line);
      lines.push(type === 'start' ? {live, readOnly, actions} : type);
    });
    hub.publish(event('a'));
    hub.publish({type: 'back', time});
    end();
    hub.publish(event('b'));
    expect(lines).toEqual([{live: false, readOnly: true, actions: []}, 'event', 'back']);
  });
});
