import {join} from 'node:path';
import {expect, it} from 'vitest';
import {conformancePage} from '../../src/conformance/page.ts';
import {project} from '../../src/project.ts';

/** Refresh the page with `npx vitest run --project unit test/docs/conformance.test.ts -u`. */
it('docs/kni-conformance.md has every requirement', async () => {
  await expect(conformancePage()).toMatchFileSnapshot(join(project.root, 'docs/kni-conformance.md'));
});
