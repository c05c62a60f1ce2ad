/** Bundles the network runtime and the benchmark, each into one file as it is shipped, and runs the benchmark. */
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build, stop} from 'esbuild';

// Registered first, so that an early signal leaves nothing behind.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

const root = join(import.meta.dirname, '../..');
const options = JSON.parse(await readFile(join(root, 'runtime/bundle.json'), 'utf8'));

const dir = await mkdtemp(join(tmpdir(), 'kni-bench-'));
const cwd = process.cwd();
try {
  const bundle = async (entry, name) => {
    const outfile = join(dir, name);
    await build({...options, absWorkingDir: root, entryPoints: [entry], outfile});
    return outfile;
  };
  const file = await bundle('runtime/src/main.ts', 'kni-runtime.cjs');
  const bench = await bundle('test/bench/main.ts', 'bench.cjs');
  await stop();
  stopping.signal.throwIfAborted();
  process.chdir(process.env['INIT_CWD'] ?? cwd);
  const {main} = await import(pathToFileURL(bench).href);
  process.exitCode = await main(process.argv.slice(2), file, stopping.signal);
} catch (error) {
  if (!stopping.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await rm(dir, {recursive: true});
}
