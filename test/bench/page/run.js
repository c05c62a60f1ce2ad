/** `npm run bench:page`: bundles the benchmark of the dashboard's page, and runs it. */
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const root = join(import.meta.dirname, '../../..');
// Below the project's root, as src/project.ts expects.
const outfile = join(root, 'dist/bench-page.js');
await build({
  absWorkingDir: root,
  entryPoints: ['test/bench/page/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const {main} = await import(pathToFileURL(outfile).href);
await main();
