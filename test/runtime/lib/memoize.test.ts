import {describe, expect, it} from 'vitest';
import {memoize} from '../../../runtime/src/lib/memoize.ts';

const counted = (limit: number) => {
  const worked: string[] = [];
  const lengthOf = memoize(limit, (text) => {
    worked.push(text);
    if (text === '') throw new RangeError('empty');
    return {length: text.length};
  });
  return {worked, lengthOf};
};

describe('memoize', () => {
  it('does the work for a text once, and gives the same result', () => {
    const {worked, lengthOf} = counted(2);
    const first = lengthOf('one');
    expect(lengthOf('three')).toEqual({length: 5});
    expect(lengthOf('one')).toBe(first);
    expect(worked).toEqual(['one', 'three']);
  });

  it('keeps the latest ones up to its limit', () => {
    const {worked, lengthOf} = counted(2);
    for (const text of ['a', 'b', 'c', 'b', 'c', 'a']) lengthOf(text);
    expect(worked).toEqual(['a', 'b', 'c', 'a']);
  });

  it('tries again after a failure', () => {
    const {worked, lengthOf} = counted(2);
    expect(() => lengthOf('')).toThrow('empty');
    expect(() => lengthOf('')).toThrow('empty');
    expect(worked).toEqual(['', '']);
  });
});
