import {expect, it} from 'vitest';
import {tourIntroduction} from '../../src/cli/tour-text.ts';
import {drills} from '../../src/drills/drills.ts';

it('the tour begins with its parts, on one screen of 80 columns and 22 rows', () => {
  const chosen = drills.slice(0, 4);
  const lines = tourIntroduction('test1', chosen);
  expect(lines.length).toBeLessThanOrEqual(22); // two more rows ask for a key
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  for (const [index, {name, shows}] of chosen.entries())
    expect(lines).toContainEqual(expect.stringMatching(`^  ${index + 1}\\. ${name} +${shows}$`));
  expect(lines.join('\n')).toMatch(/ 5\. compare +the same pods/);
});
