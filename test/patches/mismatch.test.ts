import {describe, expect, it} from 'vitest';
import {closestTo} from '../../src/patches/mismatch.ts';

const lines = [
  'func one() {\n',
  '\n',
  '\treturn one\n',
  '}\n',
  'func two() {\n',
  '\n',
  '\treturn two\n',
  '}\n',
];

describe('the most similar lines', () => {
  it('is where most of the lines stand, and the first other line is told', () => {
    expect(closestTo(['func two() {\n', '\n', '\treturn 2\n', '}\n'], lines, 1)).toEqual({
      line: 5,
      matching: 3,
      of: 4,
      differs: {line: 7, expected: '\treturn 2\n', found: '\treturn two\n'},
    });
  });

  it('is the closest of equal ones', () => {
    const twice = [...lines, ...lines];
    const wanted = lines.slice(0, 3);
    expect(closestTo(wanted, twice, 2)?.line).toBe(1);
    expect(closestTo(wanted, twice, 8)?.line).toBe(9);
  });

  it('has no difference when all of its lines are found', () => {
    expect(closestTo(lines.slice(2, 4), lines, 9)).toEqual({line: 3, matching: 2, of: 2});
  });

  it('may end before the hunk does', () => {
    expect(closestTo(['\treturn two\n', '}\n', 'func three() {\n'], lines, 1)).toMatchObject({
      differs: {line: 9, found: undefined},
    });
  });

  it.each([[['}\n', '\n']], [['func three() {\n']], [[]]])(
    'is nothing for %j: braces and blanks are everywhere',
    (wanted) => {
      expect(closestTo(wanted, lines, 1)).toBeUndefined();
    },
  );

  it('is counted in characters, not in bytes', () => {
    const [wanted, found] = ['// caf\u00c3\u00a9\n', '// th\u00c3\u00a9\n'];
    expect(closestTo(['func one() {\n', wanted], ['func one() {\n', found], 1)?.differs).toEqual({
      line: 2,
      expected: '// café\n',
      found: '// thé\n',
    });
  });
});
