/** apt and dpkg: reads the host's sources, and reads another suite without touching the host's apt. */

import type {Command} from '../host/host.ts';

/** What the host's apt sources name: the archive's base, and that of its security updates, if any. */
export interface Mirrors {
  readonly debian: string;
  readonly security: string | undefined;
}

/** From the text of sources.list and sources.list.d/*, in either format; undefined where no Debian archive is named. */
export const mirrorsFrom = (sources: string): Mirrors | undefined => {
  const uris = sources
    .split('\n')
    .flatMap((line) => [
      ...(/^\s*URIs:\s*(.+)$/i.exec(line)?.[1]?.split(/\s+/) ?? []),
      ...(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.slice(1) ?? []),
    ])
    .filter((uri) => /^(https?|mirror\+file|file):/.test(uri))
    .map((uri) => uri.replace(/\/+$/, ''));
  const debian = uris.find((uri) => uri.endsWith('/debian'));
  return debian === undefined
    ? undefined
    : {debian, security: uris.find((uri) => /debian-security$/.test(uri))};
};

/** A sources.list of one suite, with its updates where the suite is stable enough to have some. */
export const sourcesList = ({debian, security}: Mirrors, suite: string): string =>
  [
    `deb ${debian} ${suite} main`,
    `deb ${debian} ${suite}-updates main`,
    ...(security === undefined ? [] : [`deb ${security} ${suite}-security main`]),
    '',
  ].join('\n');

export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** One signed source of one suite, for `privateApt`. */
export const privateSources = ({debian}: Mirrors, suite: string): string =>
  `deb [signed-by=${keyring}] ${debian} ${suite} main\n`;

/** apt-get on its own sources and state below `root`, which must hold `sources.list` and `lists/partial/`. */
export const privateApt = (root: string, ...args: readonly string[]): Command => [
  'apt-get',
  [
    '-qq',
    ...Object.entries({
      'Dir::Etc::sourcelist': `${root}/sources.list`,
      'Dir::Etc::sourceparts': '-',
      'Dir::State::lists': `${root}/lists`,
      'Dir::State::status': '/dev/null',
      'Dir::Cache': root,
      'Dir::Cache::pkgcache': '',
      'Dir::Cache::srcpkgcache': '',
      'APT::Sandbox::User': 'root',
      'Acquire::Retries': '3',
    }).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...args,
  ],
];

export const updateLists: Command = ['apt-get', ['-qq', 'update']];

export const installPackages = (packages: readonly string[]): Command => [
  'env',
  [
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-qq',
    'install',
    '-y',
    '--no-install-recommends',
    ...packages,
  ],
];

export const unpackPackage = (file: string, directory: string): Command => [
  'dpkg-deb',
  ['-x', file, directory],
];
