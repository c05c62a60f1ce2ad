import {describe, expect, it} from 'vitest';
import {createView, viewKind} from '../../src/view/create-view.ts';
import {byStage} from '../../src/view/stages.ts';
import {capture, terminal} from '../rig/terminal.ts';
import {started} from './events.ts';

describe('viewKind', () => {
  it.each([
    ['a terminal', {}, terminal(), 'list'],
    ['a terminal, quiet', {quiet: true}, terminal(), 'lines'],
    ['a terminal without a size', {}, terminal({rows: 0}), 'lines'],
    ['a file', {}, capture(), 'lines'],
    ['a file, JSON', {json: true}, capture(), 'json'],
    ['a terminal, JSON and quiet', {json: true, quiet: true}, terminal(), 'json'],
  ] as const)('%s: %j', (_, flags, stream, kind) => {
    expect(viewKind(flags, stream)).toBe(kind);
  });
});

describe('createView', () => {
  it('writes lines if a list was asked for and none can be drawn', () => {
    const stream = capture();
    createView('list', stream).emit(started('a'));
    expect(stream.text()).toBe('[a] started\n');
  });

  it('writes JSON', () => {
    const stream = capture();
    createView('json', stream).emit(started('a'));
    expect(JSON.parse(stream.text())).toMatchObject({type: 'started', task: 'a'});
  });
});

describe('byStage', () => {
  it('groups tasks by what stands before the slash, in the order of first appearance', () => {
    const tasks = ['init/a', 'build/b', 'init/c', 'alone'].map((id) => ({id, title: id}));
    expect(byStage(tasks).map(({title, tasks: members}) => [title, members.map(({id}) => id)])).toEqual([
      ['init', ['init/a', 'init/c']],
      ['build', ['build/b']],
      ['alone', ['alone']],
    ]);
  });
});
