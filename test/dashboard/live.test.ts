import {access, readFile, writeFile} from 'node:fs/promises';
import {afterEach, describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {type LiveOptions, startLive} from '../../src/dashboard/live.ts';
import {readRecording} from '../../src/dashboard/recording.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {engine} from '../rig/dashboard/engine.ts';
import {smallPage} from '../rig/dashboard/page.ts';
import {openFeed, post, request} from '../rig/dashboard/request.ts';
import {dirWithCluster, envOf} from '../rig/demo.ts';
import type {TempDir} from '../rig/temp-dir.ts';
import {until} from '../rig/wait.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const live = async (dir: TempDir, rest: Partial<LiveOptions> = {}) => {
  const fake = engine();
  const program = dir.join('kni-demo');
  await writeFile(program, '#!/bin/sh\necho "$@"\n', {mode: 0o755});
  const host: Host = {
    run: (command, options) => (command[0] === 'docker' ? fake.host : localHost()).run(command, options),
  };
  const ending = new AbortController();
  const started = await startLive({
    place: {host, dirs: dirsOf(envOf(dir))},
    cluster: 'test1',
    port: 0,
    page: smallPage,
    isReadOnly: false,
    drills: ['life'],
    kniDemo: [program, []],
    since: Date.now(),
    onRecordingLost: (why) => {
      throw new Error(why);
    },
    signal: ending.signal,
    ...rest,
  });
  const end = async (): Promise<void> => {
    ending.abort();
    await started.ended;
  };
  ends.push(end);
  return {...fake, ...started, end};
};

describe('a live dashboard', () => {
  it('shows the cluster in every tab, and acts', async () => {
    await using dir = await dirWithCluster();
    const {url, ran} = await live(dir);
    expect(ran).toEqual([]);
    const tabs = [await openFeed(`${url}feed`), await openFeed(`${url}feed`)];
    for (const {messages} of tabs) {
      await until('a snapshot', () => messages.some(({type}) => type === 'snapshot'));
      expect(messages[0]).toMatchObject({
        type: 'start',
        version: 1,
        cluster: 'test1',
        readOnly: false,
        live: true,
        actions: ['create-pod', 'delete-pod', 'stop-runtime', 'start-runtime', 'drill'],
        drills: ['life'],
      });
    }
    expect(ran.filter((line) => line.includes('get nodes,pods')).length).toBeLessThan(3);
    const {body} = await post(`${url}actions`, {action: 'drill', name: 'life'});
    expect(JSON.parse(body)).toEqual({
      ok: true,
      commandLine: 'kni-demo drill life',
      output: 'drill life --name test1',
    });
    for (const tab of tabs) tab.end();
  });

  it('answers why a pod cannot be inspected', async () => {
    await using dir = await dirWithCluster();
    const {url, state} = await live(dir);
    const inspect = async (pod: string) => {
      const {status, body} = await request(`${url}inspect?pod=${encodeURIComponent(pod)}`);
      return [status, JSON.parse(body).error.what];
    };
    expect(await inspect('a')).toEqual([404, 'pod default/a does not exist']);
    expect(await inspect('--all')).toEqual([400, 'invalid pod name: "--all"']);
    state.docker = false;
    expect(await inspect('a')).toEqual([503, 'cannot look for cluster test1']);
  });

  it('offers no actions if it is read-only', async () => {
    await using dir = await dirWithCluster();
    const {url} = await live(dir, {isReadOnly: true});
    const tab = await openFeed(`${url}feed`);
    await until('the start', () => tab.messages.length > 0);
    expect(tab.messages[0]).toMatchObject({readOnly: true, actions: [], drills: []});
    expect((await post(`${url}actions`, {action: 'drill', name: 'life'})).status).toBe(403);
    tab.end();
  });

  it('records without a tab what a tab would get, and ends the file whole', async () => {
    await using dir = await dirWithCluster();
    const file = dir.join('run.ndjson');
    const {state, end, url} = await live(dir, {record: file});
    const types = async () =>
      (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).type);
    await until('a snapshot', async () => (await types()).includes('snapshot'));
    state.api = false;
    await until('the loss', async () => (await types()).includes('lost'));
    const tab = await openFeed(`${url}feed`);
    await until('the loss', () => tab.messages.some(({type}) => type === 'lost'));
    await end();
    const {messages, cluster, isCut} = await readRecording(file);
    expect({messages, cluster, isCut}).toEqual({messages: 3, cluster: 'test1', isCut: false});
  });

  it('leaves no file if the port is taken', async () => {
    await using dir = await dirWithCluster();
    const {url} = await live(dir);
    const record = dir.join('run.ndjson');
    await expect(live(dir, {port: Number(new URL(url).port), record})).rejects.toThrow('cannot listen on');
    await expect(access(record)).rejects.toThrow('ENOENT');
  });
});
