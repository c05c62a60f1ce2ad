/** mmdebstrap: a Debian root file system as a tarball, from a mirror alone. */

import type {Command} from '../host/host.ts';

/** Reads a sources.list from standard input. Nobody reads manuals in a container. */
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
