/**
 * Bundles the command line into dist: bin/kni-demo.js starts dist/main.js, and each command is a file of its own. Node.js loads
 * a few files instead of 500. They stay below the project's root, as src/project.ts expects. dist/page has the dashboard's page,
 * dist/sdk the SDK.
 */
import {copyFile, readFile, rm} from 'node:fs/promises';
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

const page = join(import.meta.dirname, 'src/dashboard/page');
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [
    {in: join(page, 'main.tsx'), out: 'page'},
    {in: join(page, 'styles/page.css'), out: 'page'},
  ],
  outdir: join(outdir, 'page'),
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning',
});
await copyFile(join(page, 'index.html'), join(outdir, 'page/index.html'));

const sdk = JSON.parse(await readFile(join(import.meta.dirname, 'runtime/sdk.bundle.json'), 'utf8'));
await build({
  ...sdk,
  absWorkingDir: import.meta.dirname,
  outfile: join(outdir, 'sdk/sdk.js'),
  logLevel: 'warning',
});
await copyFile(join(import.meta.dirname, 'runtime/sdk.d.ts'), join(outdir, 'sdk/sdk.d.ts'));
