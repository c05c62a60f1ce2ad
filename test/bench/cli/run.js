/** `npm run bench:cli`: bundles the benchmark of the command line, and runs it. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build, stop} from 'esbuild';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

const root = join(import.meta.dirname, '../../..');
const dir = await mkdtemp(join(tmpdir(), 'kni-bench-cli-'));
try {
  const outfile = join(dir, 'main.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/cli/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Dependencies that are CommonJS call `require`.
    banner: {
      js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  await stop();
  const {main} = await import(pathToFileURL(outfile).href);
  process.exitCode = await main(process.argv.slice(2), root, dir, stopping.signal);
} finally {
  await rm(dir, {recursive: true});
}
