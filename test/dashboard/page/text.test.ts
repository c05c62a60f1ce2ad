import {describe, expect, it} from 'vitest';
import {exactText, fieldsOf, visibleText} from '../../../src/dashboard/page/model/text.ts';

describe('foreign text', () => {
  it.each([
    ['control characters', 'a\u0000b\u001b[31mc\u007f\u009b', String.raw`a\u0000b\u001b[31mc\u007f\u009b`],
    ['a change of direction', 'ok \u202egnp.exe\u2066', String.raw`ok \u202egnp.exe\u2066`],
    ['halves of characters', '\ud800 and \udfff', String.raw`\ud800 and \udfff`],
  ])('shows %s', (_, text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('keeps letters of all scripts, whole characters and lines', () => {
    const text = 'Grüße 数据库 שלום 👩‍💻\n\tnext';
    expect(visibleText(text)).toBe(text);
  });

  it('is visible in the names and values of fields', () => {
    const event = {version: 1, time: '', source: 'runtime', kind: 'a', error: 'x\u202ey'} as const;
    expect(fieldsOf(event)).toEqual([['error', String.raw`x\u202ey`]]);
    const later = {...event, 'n\u0000': {'k\u202e': 'secret'}};
    expect(fieldsOf(later)).toContainEqual([String.raw`n\u0000`, String.raw`k\u202e`]);
  });
});

it.each([
  [0, '+0 ms'],
  [12_573_400, '+12573 ms'],
  [132_519_000, '+132.519 s'],
  [132_520_000, '+132.520 s'],
  [7_500_000_000, '+2 h 5 min'],
])('the time %d is shown as %s', (microseconds, text) => {
  expect(exactText(microseconds)).toBe(text);
});
