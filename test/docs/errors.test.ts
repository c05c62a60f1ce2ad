import {join} from 'node:path';
import {expect, it} from 'vitest';
import {explanations} from '../../src/cli/commands/explain.ts';
import {project} from '../../src/project.ts';

/** Refresh the page with `npx vitest run --project unit test/docs/errors.test.ts -u`. */
it('docs/errors.md has every error code', async () => {
  const page = [
    '# Error codes',
    '',
    'An error of kni-demo has a stable code. Its first digit is the exit code. `kni-demo explain CODE` prints the same text.',
    '',
    ...explanations().flatMap(({code, what, why, tryThis, exitCode}) => [
      `## ${code}`,
      '',
      `${what} Exit code ${exitCode}.`,
      '',
      `- Why: ${why}`,
      `- Do: ${tryThis}`,
      '',
    ]),
  ];
  await expect(`${page.join('\n').trimEnd()}\n`).toMatchFileSnapshot(join(project.root, 'docs/errors.md'));
});
