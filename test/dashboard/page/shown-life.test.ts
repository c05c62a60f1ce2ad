import {describe, expect, it} from 'vitest';
import type {FeedMessage} from '../../../src/dashboard/feed.ts';
import {emptyModel} from '../../../src/dashboard/page/model/model.ts';
import {reduce} from '../../../src/dashboard/page/model/reduce.ts';
import {shownLifeOf} from '../../../src/dashboard/page/model/shown-life.ts';
import {timed} from '../../rig/dashboard/made-pod.ts';

const created = (pod: string, seconds: number): FeedMessage =>
  timed(seconds * 1_000_000, {type: 'event', version: 1, source: 'api', kind: 'pod-created', pod, uid: pod});

const model = reduce(emptyModel, [created('default/old', 1), created('default/new', 2)]);
const shown = (life: string | undefined, bar: number | undefined): string | undefined =>
  shownLifeOf(model, {life, bar})?.pod;
const barOf = (pod: string): number | undefined => model.lives.get(pod)?.bars[0]?.id;

describe('the life that the page shows', () => {
  it('is that of the newest pod', () => {
    expect(shown(undefined, undefined)).toBe('default/new');
    expect(shownLifeOf(emptyModel, {life: undefined, bar: undefined})).toBeUndefined();
  });

  it('stays when a newer pod comes while a request is shown', () => {
    expect(shown(undefined, barOf('default/old'))).toBe('default/old');
  });

  it('is the one that the user has chosen, whatever bar was shown before', () => {
    expect(shown('default/new', barOf('default/old'))).toBe('default/new');
  });

  it('is that of the newest pod if the chosen life or bar was forgotten', () => {
    expect(shown('default/forgotten', undefined)).toBe('default/new');
    expect(shown(undefined, 1_000_000)).toBe('default/new');
  });
});
