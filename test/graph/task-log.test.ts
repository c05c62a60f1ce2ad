import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {taskLog} from '../../src/graph/task-log.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';
import {type TestTask, task, tell} from './tasks.ts';

const now = (): Date => new Date('2026-11-24T02:00:00Z');
const logIn = (dir: TempDir, title = 'Build the kubelet') =>
  taskLog(dir.join('build', 'kubelet.log'), title, now);

describe('taskLog', () => {
  it('makes no file before there is a line', async () => {
    await using dir = await tempDir();
    const log = logIn(dir);
    expect(log.path()).toBeUndefined();
    expect(existsSync(dir.join('build'))).toBe(false);
  });

  it('writes a header, then the lines, each at once', async () => {
    await using dir = await tempDir();
    const log = logIn(dir);
    log.add('one');
    log.add('two');
    expect(log.path()).toBe(dir.join('build', 'kubelet.log'));
    expect(readFileSync(dir.join('build', 'kubelet.log'), 'utf8')).toBe(
      '=== 2026-11-24T02:00:00.000Z Build the kubelet\none\ntwo\n',
    );
  });

  it('leaves the lines of earlier runs', async () => {
    await using dir = await tempDir();
    logIn(dir).add('first run');
    logIn(dir).add('second run');
    expect(readFileSync(dir.join('build', 'kubelet.log'), 'utf8').match(/^(===|first|second)/gm)).toEqual([
      '===',
      'first',
      '===',
      'second',
    ]);
  });

  it('remembers the last 15 lines', async () => {
    await using dir = await tempDir();
    const log = logIn(dir);
    for (let number = 1; number <= 40; number += 1) log.add(`line ${number}`);
    expect(log.lastLines()).toHaveLength(15);
    expect(log.lastLines().at(0)).toBe('line 26');
    expect(log.lastLines().at(-1)).toBe('line 40');
  });

  it('works without a file if none can be created', async () => {
    await using dir = await tempDir();
    mkdirSync(dir.join('build', 'kubelet.log'), {recursive: true});
    const log = logIn(dir);
    log.add('one');
    expect(log.path()).toBeUndefined();
    expect(log.lastLines()).toEqual(['one']);
  });

  it('continues without a file in a directory that cannot be made', () => {
    const log = taskLog('/proc/nope/build/kubelet.log', 'Build the kubelet');
    log.add('one');
    expect(log.path()).toBeUndefined();
  });
});

describe('the log of a running task', () => {
  const read = async (tasks: readonly TestTask[]) => {
    await using dir = await tempDir();
    const told = await tell(tasks, {logs: (id) => dir.join(`${id}.log`)});
    const path = dir.join('a.log');
    return {...told, path, text: existsSync(path) ? readFileSync(path, 'utf8') : undefined};
  };

  it('gets what the task says, as the views do', async () => {
    const {lines, text} = await read([task('a', [], {run: async (_, {log}) => log('compiling')})]);
    expect(lines).toContain('a says compiling');
    expect(text).toMatch(/^=== .* Make a\ncompiling\n$/);
  });

  it('is not made for a task that says nothing', async () => {
    expect((await read([task('a')])).text).toBeUndefined();
  });

  it('comes with the failure: its path and the last lines, while the file has the stack too', async () => {
    const run: TestTask['run'] = async (_, {log}) => {
      for (let number = 1; number <= 20; number += 1) log(`line ${number}`);
      throw new Error('boom', {cause: 'reasons'});
    };
    const {events, result, path, text} = await read([task('a', [], {run})]);
    const failure = {
      task: 'a',
      log: path,
      lastLines: Array.from({length: 15}, (_, index) => `line ${index + 6}`),
    };
    expect(events.at(-1)).toMatchObject({kind: 'failed', ...failure});
    expect(result).toMatchObject({failures: [failure]});
    expect(text).toMatch(/line 20\nError: boom\n {4}at /);
  });

  it('gets what is said while asking, which the views do not', async () => {
    const done: TestTask['done'] = async (_, {log}) => {
      log('asking docker');
      return undefined;
    };
    const {lines, text} = await read([task('a', [], {done})]);
    expect(lines).not.toContain('a says asking docker');
    expect(text).toContain('asking docker');
  });

  it('tells why it was not clear yet whether the task is done', async () => {
    let asked = 0;
    const done: TestTask['done'] = async () => {
      asked += 1;
      if (asked === 1) throw new Error('docker: not found');
      return 'there';
    };
    expect((await read([task('a', [], {done})])).text).toContain(
      'cannot check yet whether the task is done: docker: not found',
    );
  });
});
