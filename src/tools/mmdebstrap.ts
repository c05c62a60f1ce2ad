/** mmdebstrap: creates a tarball of a Debian root file system from a mirror. */

import type {Command} from '../host/host.ts';

/** Reads a sources.list from standard input. Leaves out manuals, documentation and locales. */
export const bootstrap = (suite: string, tarball: string): Command => [
  'mmdebstrap',
  [
    '--variant=apt',
    ...['man', 'doc', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    suite,
    tarball,
    '-',
  ],
];
