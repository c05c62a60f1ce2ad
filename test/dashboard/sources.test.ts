import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {runSources} from '../../src/dashboard/sources.ts';
import {both, type Engine, engine} from '../rig/dashboard/engine.ts';
import {dirWithCluster, envOf, node} from '../rig/demo.ts';
import {until} from '../rig/wait.ts';

const watching = async (options: {isWatched?: () => boolean} = {}) => {
  const dir = await dirWithCluster();
  const dirs = dirsOf(envOf(dir));
  const ending = new AbortController();
  const messages: FeedMessage[] = [];
  const fake = engine();
  const ended = runSources({
    place: {host: fake.host, dirs},
    cluster: 'test1',
    since: 0,
    publish: (message) => messages.push(message),
    isWatched: () => true,
    signal: ending.signal,
    interval: 30,
    ...options,
  });
  const of = <Type extends FeedMessage['type']>(type: Type) =>
    messages.filter((each): each is Extract<FeedMessage, {type: Type}> => each.type === type);
  return {
    ...fake,
    dirs,
    messages,
    of,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await ended;
      expect(fake.followed).toEqual([]);
      await dir[Symbol.asyncDispose]();
    },
  };
};

describe('the sources', () => {
  it('publish the state only when it has changed', async () => {
    await using sources = await watching();
    const {state, of, ran} = sources;
    await until('a snapshot', () => of('snapshot').length === 1);
    const looks = () => ran.filter((line) => line.includes('get nodes,pods')).length;
    const before = looks();
    await until('more looks', () => looks() > before + 3);
    expect(of('snapshot')).toHaveLength(1);
    state.ready = false;
    await until('the change', () => of('snapshot').length === 2);
    expect(of('snapshot')[1]?.nodes[1]).toMatchObject({ready: false, reason: 'no answer'});
    expect([...of('lost'), ...of('back')]).toEqual([]);
  });

  it('read each node and the API server once, however many read', async () => {
    await using sources = await watching();
    const {followed} = sources;
    const count = (pattern: RegExp) => followed.filter(({line}) => pattern.test(line)).length;
    await until('all sources', () => followed.length === 7);
    expect([/kni-runtime events/, /-u?nit=kubelet|kubelet/, /--unit=kni /, /kubectl/].map(count)).toEqual([
      2, 2, 2, 1,
    ]);
  });

  it('pass on events and log lines', async () => {
    await using sources = await watching();
    const {followed, of} = sources;
    await until('all sources', () => followed.length === 7);
    const feed = (pattern: RegExp) =>
      followed.find(({line}) => pattern.test(line) && line.includes('test1-worker'));
    const time = new Date().toISOString();
    feed(/kni-runtime events/)?.onLine(
      JSON.stringify({version: 1, time, kind: 'netns-created', pod: 'default/a'}),
    );
    const line = {
      time,
      level: 'info',
      msg: 'CreateNetwork ok',
      pod: 'default/a',
      type: 'a field of the line',
    };
    feed(/--unit=kni /)?.onLine(JSON.stringify(line));
    await until('both', () => of('event').length + of('log').length === 2);
    expect(of('event')[0]).toEqual({
      type: 'event',
      version: 1,
      time,
      kind: 'netns-created',
      pod: 'default/a',
      node: 'test1-worker',
      source: 'runtime',
    });
    expect(of('log')[0]).toEqual({...line, type: 'log', node: 'test1-worker'});
  });

  it.each<[string, (state: Engine['state']) => void, RegExp]>([
    ['is deleted', (state) => (state.nodes = []), /cluster test1 does not exist/],
    ['is in an engine that is stopped', (state) => (state.docker = false), /docker does not answer/],
    [
      'is stopped',
      (state) => (state.nodes = both.map((each) => ({...each, running: false}))),
      /test1-control-plane is stopped/,
    ],
    [
      'has a silent API server',
      (state) => (state.api = false),
      /the API server does not answer: connection refused/,
    ],
  ])('say when the cluster %s, and when it is back', async (_, lose, why) => {
    await using sources = await watching();
    const {state, of, followed, messages} = sources;
    await until('a snapshot', () => of('snapshot').length === 1);
    lose(state);
    await until('the loss', () => of('lost').length === 1);
    expect(of('lost')[0]?.reason).toMatch(why);
    await delay(150);
    expect(of('lost')).toHaveLength(1);
    Object.assign(state, {nodes: both, docker: true, api: true});
    await until('the return', () => of('back').length === 1);
    await until('all sources', () => followed.length === 7);
    expect(messages.findIndex(({type}) => type === 'back')).toBeGreaterThan(
      messages.findIndex(({type}) => type === 'lost'),
    );
  });

  it('follow the nodes of a cluster that was created again with more', async () => {
    await using sources = await watching();
    const {state, followed, of} = sources;
    await until('all sources', () => followed.length === 7);
    state.nodes = [];
    await until('the loss', () => of('lost').length === 1 && followed.length === 0);
    state.nodes = [...both, node('test1-worker2')];
    await until('all sources of three nodes', () => followed.length === 10);
    expect(followed.filter(({line}) => line.includes('test1-worker2'))).toHaveLength(3);
  });

  it('refuse a cluster of the same name that belongs to another user', async () => {
    await using sources = await watching();
    const {state, dirs, of} = sources;
    await until('a snapshot', () => of('snapshot').length === 1);
    await writeRecord(dirs, 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1', engine: 'x'});
    state.nodes = both.map((each) => ({
      ...each,
      mounts: '/lib/modules,/home/other/.local/state/kni-demo/clusters/test1/owner',
    }));
    await until('the loss', () => of('lost').length === 1);
    expect(of('lost')[0]?.reason).toContain('test1');
  });

  it('say why the API server is silent without the JSON that came before', async () => {
    await using sources = await watching();
    const {state, of} = sources;
    await until('a snapshot', () => of('snapshot').length === 1);
    state.complaint = '{\n    "items": [\nUnable to connect to the server: EOF\n    ]\n}';
    state.api = false;
    await until('the loss', () => of('lost').length === 1);
    expect(of('lost')[0]?.reason).toBe(
      'the API server does not answer: Unable to connect to the server: EOF',
    );
  });

  it('read nothing while no page is open', async () => {
    let isWatched = false;
    await using sources = await watching({isWatched: () => isWatched});
    const {ran, of} = sources;
    await delay(300);
    expect(ran).toEqual([]);
    isWatched = true;
    await until('a snapshot', () => of('snapshot').length === 1);
  });
});
