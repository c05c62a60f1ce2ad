import {describe, expect, it} from 'vitest';
import {columns, oneLine} from '../../src/view/table.ts';

describe('columns', () => {
  it('aligns, with nothing behind the last cell', () => {
    expect(
      columns([
        ['NODE', 'READY', 'WHY'],
        ['a-long-name', 'no', 'because'],
        ['b', 'yes', ''],
      ]),
    ).toEqual(['NODE         READY  WHY', 'a-long-name  no     because', 'b            yes']);
  });

  it('takes rows of different lengths, and none', () => {
    expect(columns([['a'], ['bb', 'c'], ['', 'd']])).toEqual(['a', 'bb  c', '    d']);
    expect(columns([])).toEqual([]);
  });

  it('lets nothing through that moves the cursor', () => {
    expect(columns([['\u001b[2Ja\nb', 'c']])).toEqual(['a b  c']);
    expect(oneLine('a\r\n  b\tc')).toBe('a b  c');
  });
});
