import {once} from 'node:events';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {withLock} from '../../src/cache/lock.ts';
import {restoreChanges, withChanges} from '../../src/changes/changes.ts';
import {createObjects, stopService} from '../../src/changes/make.ts';
import {readChanges, summarizeChanges} from '../../src/changes/record.ts';
import {UserError} from '../../src/errors.ts';
import type {Host} from '../../src/host/host.ts';
import {localHost} from '../../src/host/process.ts';
import {bundle} from '../rig/bundle.ts';
import {hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed, rejection} from '../rig/demo.ts';

const nodes = [node('test1-control-plane'), node('test1-worker')];
const hostWith = (answer: (command: string) => string = () => '', ps = nodes) =>
  hostOf((command) => (command.startsWith('docker ps') ? printed(...ps).join('\n') : answer(command)));
const signal = new AbortController().signal;

const rig = async (answer?: (command: string) => string, ps = nodes) => {
  const dir = await dirWithCluster();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const host = hostWith(answer, ps);
  const dirs = dirsOf(envOf(dir));
  const options = {cluster: 'test1', command: 'kni-demo drill restart', signal, say};
  return {
    dir,
    dirs,
    host,
    said,
    options,
    record: () => readChanges(dirs, 'test1'),
    /** Without the lists of nodes. */
    ran: () => host.ran.filter((line) => !line.startsWith('docker ps')),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

const pod = {resource: 'pod', namespace: 'default', name: 'drill'};
const stopKni = {node: 'test1-worker', unit: 'kni', signal};

describe('withChanges', () => {
  it('records a change before it is made, undoes the newest first, and leaves no record', async () => {
    const seen: unknown[] = [];
    await using test = await rig();
    const {host, dirs, options} = test;
    await withChanges({host, dirs}, options, async (changes) => {
      await changes.make({kind: 'service-stopped', node: 'test1-worker', unit: 'kni'}, async () => {
        seen.push((await test.record())?.changes);
      });
      await stopService(changes, {...stopKni, unit: 'kubelet'});
    });
    expect(seen).toEqual([[{kind: 'service-stopped', node: 'test1-worker', unit: 'kni'}]]);
    expect(test.ran()).toEqual([
      'docker exec test1-worker systemctl stop kubelet',
      'docker exec test1-worker systemctl start kubelet',
      'docker exec test1-worker systemctl start kni',
    ]);
    expect(await test.record()).toBeUndefined();
  });

  it('neither makes nor undoes a change that it cannot record', async () => {
    await using test = await rig();
    const {host, dirs, options} = test;
    await mkdir(join(dirs.state, 'clusters/test1/changes.json.new'));
    const work = withChanges({host, dirs}, options, (changes) => stopService(changes, stopKni));
    await expect(work).rejects.toThrow(/^EISDIR: .*'.*\/changes\.json\.new'$/);
    expect(test.ran().filter((line) => line.includes(' kni'))).toEqual([]);
  });

  it('undoes changes after an error, and rejects with that error', async () => {
    await using test = await rig();
    const {host, dirs, options} = test;
    const work = withChanges({host, dirs}, options, async (changes) => {
      await stopService(changes, stopKni);
      throw new Error('the drill failed');
    });
    await expect(work).rejects.toThrow('the drill failed');
    expect(test.ran().at(-1)).toBe('docker exec test1-worker systemctl start kni');
    expect(await test.record()).toBeUndefined();
  });

  it('says what to do if a change cannot be undone after an error', async () => {
    await using test = await rig((command) =>
      command.endsWith('start kni') ? '2> Job failed\n[exit code 1]' : '',
    );
    const {host, dirs, options} = test;
    const work = withChanges({host, dirs}, options, async (changes) => {
      await stopService(changes, stopKni);
      throw new Error('the drill failed');
    });
    await expect(work).rejects.toThrow('the drill failed');
    expect(test.said).toEqual([
      expect.stringMatching(/^cannot undo: kni stopped on test1-worker: /),
      'to try it again, run: kni-demo up',
    ]);
  });

  it('undoes changes after Ctrl-C, and refuses new ones', async () => {
    const cancel = new AbortController();
    await using test = await rig();
    const {host, dirs, options} = test;
    const work = withChanges({host, dirs}, {...options, signal: cancel.signal}, async (changes) => {
      await stopService(changes, stopKni);
      cancel.abort(new Error('cancelled by SIGINT'));
      await stopService(changes, {...stopKni, unit: 'kubelet'});
    });
    await expect(work).rejects.toThrow('cancelled by SIGINT');
    expect(test.said[0]).toBe('restoring the cluster; another Ctrl-C leaves that to the next command');
    expect(test.ran()).toEqual([
      'docker exec test1-worker systemctl stop kni',
      'docker exec test1-worker systemctl start kni',
    ]);
  });

  it('keeps a change that cannot be undone, and undoes the others', async () => {
    await using test = await rig((command) =>
      command.endsWith('start kubelet') ? '2> Job failed\n[exit code 1]' : '',
    );
    const {host, dirs, options} = test;
    const work = withChanges({host, dirs}, options, async (changes) => {
      await stopService(changes, stopKni);
      await stopService(changes, {...stopKni, unit: 'kubelet'});
    });
    const error = await rejection(work, UserError);
    expect(error).toMatchObject({errorCode: 'KNI-E115', tryThis: 'remove the cause and run: kni-demo up'});
    expect(error.why).toContain('kubelet stopped on test1-worker: ');
    expect((await test.record())?.changes).toEqual([
      {kind: 'service-stopped', node: 'test1-worker', unit: 'kubelet'},
    ]);
    expect(test.said).toContain('undone: kni stopped on test1-worker');
  });

  it('lets the node start the service itself, and stops that timer at the end', async () => {
    await using test = await rig();
    const {host, dirs, options} = test;
    await withChanges({host, dirs}, options, async (changes) => {
      await stopService(changes, {...stopKni, startAfter: 120});
      expect((await test.record())?.changes).toMatchObject([{timer: 'kni-demo-start-kni.timer'}]);
    });
    expect(test.ran().map((line) => line.replace('docker exec test1-worker ', ''))).toEqual([
      'systemd-run --quiet --collect --unit=kni-demo-start-kni.timer --on-active=120 systemctl start kni',
      'systemctl stop kni',
      'systemctl start kni',
      expect.stringMatching(/^sh -c .*systemctl stop .* kni-demo-start-kni\.timer$/),
    ]);
  });

  it.each([
    ['was removed', [], false, 'recreate it: kni-demo down, then kni-demo up'],
    [
      'was stopped',
      [node('test1-worker', {running: false})],
      true,
      'restore the node, then run the same command again: kni-demo up',
    ],
  ])(
    'says that a node %s during the work, and undoes the changes of the others',
    async (what, left, isKept, tryThis) => {
      await using test = await rig();
      const {dirs, options} = test;
      let workers = [node('test1-worker')];
      const host = hostOf((command) =>
        command.startsWith('docker ps') ? printed(node('test1-control-plane'), ...workers).join('\n') : '',
      );
      const work = withChanges({host, dirs}, options, async (changes) => {
        await stopService(changes, {...stopKni, node: 'test1-control-plane'});
        await stopService(changes, stopKni);
        workers = left;
        throw new Error('the pod did not become Ready');
      });
      expect(await rejection(work, UserError)).toMatchObject({
        errorCode: 'KNI-E120',
        why: `node test1-worker ${what} meanwhile`,
        tryThis,
      });
      expect(host.ran.at(-1)).toBe('docker exec test1-control-plane systemctl start kni');
      expect((await test.record())?.changes.map((change) => 'node' in change && change.node)).toEqual(
        isKept ? ['test1-worker'] : undefined,
      );
    },
  );

  it('undoes a change only once', async () => {
    await using test = await rig();
    const {host, dirs, options} = test;
    await withChanges({host, dirs}, options, async (changes) => {
      const change = await stopService(changes, stopKni);
      await changes.undo(change);
      expect(await test.record()).toBeUndefined();
      await changes.undo(change);
    });
    expect(test.ran()).toHaveLength(2);
  });

  it('deletes objects that were created, and waits until they are gone', async () => {
    let asked = 0;
    await using test = await rig((command) => {
      if (!command.includes(' get ')) return '';
      asked += 1;
      return asked === 1 ? 'found 2026-11-29T10:00:00Z' : '';
    });
    const {host, dirs, options} = test;
    await withChanges({host, dirs}, options, async (changes) => {
      await createObjects(changes, {manifest: 'kind: Pod', objects: [pod], signal});
    });
    expect(asked).toBe(2);
    expect(test.ran().some((line) => line.includes('delete pod -n default drill --ignore-not-found'))).toBe(
      true,
    );
  });

  it('deletes an object that appears after the first deletion', async () => {
    const deletion = / delete pod -n default drill /;
    let deleted = 0;
    await using test = await rig((command) => {
      if (deletion.test(command)) deleted += 1;
      return command.includes(' get ') && deleted < 2 ? 'found ' : '';
    });
    const {host, dirs, options} = test;
    await withChanges({host, dirs}, options, (changes) =>
      changes.make({kind: 'objects-created', objects: [pod]}, async () => undefined),
    );
    expect(test.ran().filter((line) => deletion.test(line))).toHaveLength(2);
  });

  it('lets a creation end after Ctrl-C, because it would go on in the node after the deletion', async () => {
    await using test = await rig();
    const {dirs, options} = test;
    const cancel = new AbortController();
    const events: string[] = [];
    const host: Host = {
      async run([file, args], given = {}) {
        const line = [file, ...args].join(' ');
        if (line.endsWith(' apply -f -')) {
          cancel.abort();
          await Promise.race([sleep(200), given.signal && once(given.signal, 'abort')]);
          given.signal?.throwIfAborted();
          events.push('created');
        }
        if (line.includes(' delete ')) events.push('deleted');
        return test.host.run([file, args], given);
      },
    };
    const work = withChanges({host, dirs}, {...options, signal: cancel.signal}, async (changes) => {
      await createObjects(changes, {manifest: 'kind: Pod', objects: [pod], signal: cancel.signal});
      events.push('more work');
    });
    await expect(work).rejects.toThrow('aborted');
    expect(events).toEqual(['created', 'deleted']);
  });
});

describe('after kill -9', () => {
  const killed = async (test: Awaited<ReturnType<typeof rig>>) => {
    const fixture = fileURLToPath(new URL('fixtures/change-and-die.ts', import.meta.url));
    const {state, cache} = test.dirs;
    const run = localHost().run([
      process.execPath,
      [await bundle(fixture, test.dir), state, cache, printed(...nodes).join('\n')],
    ]);
    await expect(run).rejects.toThrow('killed by SIGKILL');
  };

  it('the next command restores what was left, also the change in progress', async () => {
    await using test = await rig();
    const {host, dirs, options} = test;
    await killed(test);
    expect(await readFile(join(dirs.state, 'ran'), 'utf8')).toMatch(/stop kni\n.*stop kubelet\n$/);
    expect(await summarizeChanges(dirs, 'test1')).toEqual({
      what: 'an interrupted `kni-demo drill restart` left: kni stopped on test1-worker; kubelet stopped on test1-worker',
      tryThis: 'restore it: kni-demo up',
    });

    expect(await restoreChanges({host, dirs}, options)).toBe(true);
    expect(test.ran()).toEqual([
      'docker exec test1-worker systemctl start kubelet',
      'docker exec test1-worker systemctl start kni',
    ]);
    expect(test.said[0]).toBe('restoring what an interrupted `kni-demo drill restart` left');
    expect(await restoreChanges({host, dirs}, options)).toBe(false);
  });

  it('a stopped node keeps its changes for the time when it runs', async () => {
    await using test = await rig(undefined, [
      node('test1-control-plane'),
      node('test1-worker', {running: false}),
    ]);
    await killed(test);
    const restore = restoreChanges({host: test.host, dirs: test.dirs}, test.options);
    expect((await rejection(restore, UserError)).why).toContain('test1-worker is stopped');
    expect((await test.record())?.changes).toHaveLength(2);
  });

  it('the changes of a removed node are forgotten', async () => {
    await using test = await rig(undefined, [node('test1-control-plane')]);
    await killed(test);
    await restoreChanges({host: test.host, dirs: test.dirs}, test.options);
    expect(test.ran()).toEqual([]);
    expect(await test.record()).toBeUndefined();
  });
});

it('says that a command is at work while it holds the lock', async () => {
  await using test = await rig();
  const {host, dirs, options} = test;
  const {command} = options;
  await withLock(dirs, {command}, () =>
    withChanges({host, dirs}, options, async (changes) => {
      await stopService(changes, stopKni);
      expect(await summarizeChanges(dirs, 'test1')).toEqual({
        what: '`kni-demo drill restart` is running: kni stopped on test1-worker',
      });
    }),
  );
});

it('refuses a record that it cannot read, and does not lose it', async () => {
  await using test = await rig();
  const file = join(test.dirs.state, 'clusters/test1/changes.json');
  await writeFile(file, '{"version":1,"changes":[{"kind":"unheard-of"}]}');
  const error = await rejection(restoreChanges({host: test.host, dirs: test.dirs}, test.options), UserError);
  expect(error.errorCode).toBe('KNI-E115');
  expect(error.tryThis).toContain('kni-demo down');
  expect(await readFile(file, 'utf8')).toContain('unheard-of');
  expect(await summarizeChanges(test.dirs, 'test1')).toMatchObject({
    what: expect.stringContaining('cannot read'),
  });
});
