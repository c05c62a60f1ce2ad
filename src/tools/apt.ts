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
    : {debian, security: uris.find((uri) => uri.endsWith('debian-security'))};
};

/** A sources.list of one suite, with its updates where the suite is stable enough to have some. */
export const sourcesList = ({debian, security}: Mirrors, suite: string): string =>
  [
    `deb ${debian} ${suite} main`,
    `deb ${debian} ${suite}-updates main`,
    ...(security === undefined ? [] : [`deb ${security} ${suite}-security main`]),
    '',
  ].join('\n');

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * An apt of its own below `root`: its sources, lists and packages, and nothing of the host's. Makes `root`, with its
 * one suite; `apt(…)` is a command of that apt.
 */
export const privateApt = (root: string, {debian}: Mirrors, suite: string) => {
  const settings = {
    'Dir::Etc::sourcelist': `${root}/sources.list`,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': `${root}/lists`,
    'Dir::State::status': '/dev/null',
    'Dir::Cache': root,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
  };
  const config = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  const source = `deb [signed-by=${keyring}] ${debian} ${suite} main`;
  return {
    make: [
      ['rm', ['-rf', root]],
      ['mkdir', ['-p', `${root}/lists/partial`, `${root}/packages`]],
      writeLine(`${root}/sources.list`, source),
      writeLine(`${root}/apt.conf`, config.join(' ')),
    ] satisfies readonly Command[],
    apt: (...args: readonly string[]): Command => [
      'env',
      ['-C', `${root}/packages`, `APT_CONFIG=${root}/apt.conf`, 'apt-get', '-qq', ...args],
    ],
  };
};

const writeLine = (file: string, line: string): Command => [
  'sh',
  ['-c', 'echo "$1" >"$2"', 'sh', line, file],
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
