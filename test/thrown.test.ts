import {describe, expect, it} from 'vitest';
import {messageOf} from '../src/thrown.ts';

describe('messageOf', () => {
  it.each([
    ['the message of an error', new Error('boom'), 'boom'],
    ['the name of an error without a message', new RangeError(), 'RangeError'],
    ['a string', 'text', 'text'],
    ['anything else', {code: 7}, '{ code: 7 }'],
    ['nothing', undefined, 'undefined'],
    ['one line of several', new Error('first:\n\n  second\n'), 'first: second'],
  ])('gives %s', (_, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
