/**
 * Bundles the command line into dist: bin/kni-demo.js starts dist/main.js, and each command is a file of its own. Node.js loads
 * a few files instead of 500. They stay below the project's root, as src/project.ts expects.
 */
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';

const outdir = join(import.meta.dirname, 'dist');
await rm(outdir, {recursive: true, force: true});
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ['src/cli/main.ts'],
  outdir,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // esbuild is a program, not only a module.
  external: ['esbuild'],
  // Dependencies that are CommonJS call `require`.
  banner: {js: "import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);"},
  logLevel: 'warning',
});
