/** Bundles the network runtime as `up` does, and the benchmark, and runs the benchmark. */
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build, stop} from 'esbuild';

// Registered first, so that an early signal leaves nothing behind.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

const root = join(import.meta.dirname, '../..');
const shipped = JSON.parse(await readFile(join(root, 'runtime/bundle.json'), 'utf8'));

// In dist, where modules of src find the project's files.
const bench = join(root, `dist/bench-${process.pid}.js`);
const dir = await mkdtemp(join(tmpdir(), 'kni-bench-'));
const cwd = process.cwd();
try {
  const file = join(dir, 'kni-runtime.cjs');
  await build({...shipped, absWorkingDir: root, outfile: file});
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/main.ts'],
    outfile: bench,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
  });
  await stop();
  stopping.signal.throwIfAborted();
  process.chdir(process.env['INIT_CWD'] ?? cwd);
  const {main} = await import(pathToFileURL(bench).href);
  const clientSources = join(import.meta.dirname, 'client');
  process.exitCode = await main(process.argv.slice(2), {file, clientSources, signal: stopping.signal});
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await rm(bench, {force: true});
  await rm(dir, {recursive: true});
}
