import {symlink, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {timeLines} from '../../src/cli/commands/up.ts';
import {criticalPath, rememberTimes, savedTime} from '../../src/cli/task-times.ts';
import {tempDir} from '../rig/temp-dir.ts';

const task = (...needs: readonly string[]) => ({needs});
const plan = {
  tasks: new Map([
    ['init/tree', task()],
    ['build/kubelet', task('init/tree')],
    ['build/pause', task()],
    ['build/image', task('build/kubelet', 'build/pause')],
    ['setup/cluster', task('build/image')],
  ]),
};

describe('the critical path', () => {
  it('follows the need that ended last', () => {
    const ran = new Map([
      ['build/pause', 5],
      ['init/tree', 20],
      ['build/kubelet', 200],
      ['build/image', 30],
      ['setup/cluster', 40],
    ]);
    expect(criticalPath(plan, ran).map(({task: id}) => id)).toEqual([
      'init/tree',
      'build/kubelet',
      'build/image',
      'setup/cluster',
    ]);
  });

  it('begins after tasks whose results existed', () => {
    const ran = new Map([
      ['build/pause', 5],
      ['build/image', 30],
    ]);
    expect(criticalPath(plan, ran)).toEqual([
      {task: 'build/pause', ms: 5},
      {task: 'build/image', ms: 30},
    ]);
  });

  it('goes on behind a task whose result existed', () => {
    const ran = new Map([
      ['build/kubelet', 200],
      ['setup/cluster', 40],
    ]);
    expect(criticalPath(plan, ran).map(({task: id}) => id)).toEqual(['build/kubelet', 'setup/cluster']);
  });

  it('is empty if no task ran', () => {
    expect(criticalPath(plan, new Map())).toEqual([]);
  });
});

describe('the times of a run', () => {
  it('are returned even if the disk is full', async () => {
    await using dir = await tempDir();
    await symlink('/dev/full', dir.join('task-times.json.new'));
    const ran = new Map([['build/pause', 5]]);
    expect(await rememberTimes({state: dir.path}, 'bookworm', ran)).toEqual({'build/pause': 5});
  });
});

describe('the saved time', () => {
  const first = new Map([
    ['init/tree', 20],
    ['build/kubelet', 200],
    ['setup/cluster', 40],
  ]);

  const none = new Map<string, number>();

  it('is the time of the init and build tasks that did not run, as they took before', async () => {
    await using dir = await tempDir();
    const dirs = {state: dir.join('state')};
    await rememberTimes(dirs, 'bookworm', first);
    await rememberTimes(dirs, 'bookworm', new Map([['init/tree', 25]]));
    await rememberTimes(dirs, 'upstream', new Map([['build/kubelet', 999]]));
    expect(savedTime(plan, none, await rememberTimes(dirs, 'bookworm', none))).toBe(225);
    const ran = new Map([['build/kubelet', 210]]);
    expect(savedTime(plan, ran, await rememberTimes(dirs, 'bookworm', ran))).toBe(25);
  });

  it('is 0 before the first run, and with a damaged file', async () => {
    await using dir = await tempDir();
    const dirs = {state: dir.path};
    expect(savedTime(plan, none, await rememberTimes(dirs, 'bookworm', none))).toBe(0);
    await writeFile(dir.join('task-times.json'), '{"bookworm":');
    expect(savedTime(plan, none, await rememberTimes(dirs, 'bookworm', none))).toBe(0);
    await rememberTimes(dirs, 'bookworm', first);
    expect(savedTime(plan, none, await rememberTimes(dirs, 'bookworm', none))).toBe(220);
  });
});

describe('the lines about time', () => {
  it('leave out what is too short to matter', () => {
    const path = [
      {task: 'build/kubelet', ms: 231_000},
      {task: 'build/image', ms: 900},
      {task: 'setup/cluster', ms: 38_500},
    ];
    expect(timeLines({isChanged: true, criticalPath: path, savedMs: 12_000})).toEqual([
      '  critical path: build/kubelet 231 s, setup/cluster 38.5 s',
      '  the cache saved 12 s of work',
    ]);
    expect(timeLines({isChanged: true, criticalPath: [], savedMs: 0})).toEqual([]);
    expect(timeLines({isChanged: false, criticalPath: path, savedMs: 12_000})).toEqual([]);
  });
});
