/** Paths of the project's files, in a checkout and in an installed package. */

import {fileURLToPath} from 'node:url';

const below = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export const project = {
  root: below(''),
  manifests: below('manifests'),
  stacks: below('manifests/stacks'),
  networks: below('manifests/networks'),
  patches: below('patches'),
  runtime: below('runtime'),
  dns: below('dns'),
  /** The page of the dashboard, which `npm run build` makes. */
  page: below('dist/page'),
  program: below('bin/kni-demo.js'),
  /** Made by build.js. */
  sdk: below('dist/sdk'),
  /** Network runtimes to start from, by language. */
  templates: below('examples/runtimes'),
} as const;
