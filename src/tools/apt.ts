/** apt and dpkg: reads the host's sources, and reads another suite without touching the host's apt. */

import type {Command} from '../host/host.ts';

/** The Debian archives in the host's apt sources: the base URL of the main archive, and that of the security updates. */
export interface Mirrors {
  readonly debian: string;
  readonly security: string | undefined;
}

/** The name of a Debian suite. Archives of third parties also use such names. */
const release = /^(stable|oldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)$/;

/** Parses the text of sources.list and sources.list.d/*, in either format. Undefined if it names no Debian archive. */
export const mirrorsFrom = (sources: string): Mirrors | undefined => {
  const main = [...sourcesInLines(sources), ...sourcesInParagraphs(sources)]
    .filter(({components}) => components.includes('main'))
    // Containers cannot read a file: or cdrom: archive of the host.
    .flatMap(({uris, suites}) => uris.map((uri) => ({uri: uri.replace(/\/+$/, ''), suites})))
    .filter(({uri}) => /^https?:\/\/[^/]/.test(uri));
  const archives = main.filter(({suites}) => suites.some((suite) => release.test(suite)));
  const archive = archives.find(({uri}) => uri.endsWith('/debian')) ?? archives[0];
  if (archive === undefined) return undefined;
  const security = main.find(({suites}) =>
    suites.some((suite) => /^[a-z]+(-security|\/updates)$/.test(suite)),
  );
  return {debian: archive.uri, security: security?.uri};
};

interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/** `deb [options] uri suite component…`, see sources.list(5). */
const sourcesInLines = (text: string): readonly Source[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?([^\s[]\S*)\s+(\S+)\s*([^#]*)/.exec(line);
    const [, uri = '', suite = '', components = ''] = match ?? [];
    return match ? [{uris: [uri], suites: [suite], components: words(components)}] : [];
  });

/** Paragraphs of `Field: value`. A line that begins with a blank continues the value. */
const sourcesInParagraphs = (text: string): readonly Source[] =>
  withoutComments(text)
    .split(/\n[ \t]*\n/)
    .flatMap((paragraph) => {
      const value = (field: string): string =>
        new RegExp(`^${field}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(paragraph)?.[1] ?? '';
      const isOff = /^\s*(no|false|off|without|disable|0)\s*$/i.test(value('Enabled'));
      if (isOff || !words(value('Types')).includes('deb')) return [];
      const [uris, suites, components] = [value('URIs'), value('Suites'), value('Components')].map(words);
      return [{uris: uris ?? [], suites: suites ?? [], components: components ?? []}];
    });

const withoutComments = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');

const words = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

/** A sources.list of one suite with its updates. It has security updates only if the mirrors have them. */
export const sourcesList = ({debian, security}: Mirrors, suite: string): string =>
  [
    `deb ${debian} ${suite} main`,
    `deb ${debian} ${suite}-updates main`,
    ...(security === undefined ? [] : [`deb ${security} ${suite}-security main`]),
    '',
  ].join('\n');

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * A separate apt below `root`, with its own sources, lists and packages, which ignores the host's. `make` creates `root`
 * for one suite; `apt(…)` returns a command of that apt.
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
