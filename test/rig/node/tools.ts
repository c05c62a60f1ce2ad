/** Finds the real CNI plugins, iptables, iproute2 and the like, fetching Debian packages into a cache when they are not installed. */
import {access, mkdir, readdir, symlink} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {withLock} from '../../../src/cache/lock.ts';
import {output} from '../processes.ts';

export interface Tools {
  readonly pluginDir: string;
  /** Added to the environment of programs on a test node. */
  readonly env: Readonly<Record<string, string>>;
}

/** Not in kni-demo's own cache, which then would not be recognized as made by kni-demo. */
export const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kni-demo-test');
const installedPluginDirs = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];
const plugins = ['bandwidth', 'bridge', 'host-local', 'loopback', 'portmap'];
const programs = {
  iptables: 'iptables',
  'iptables-restore': 'iptables',
  ip6tables: 'iptables',
  'ip6tables-restore': 'iptables',
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  chattr: 'e2fsprogs',
  mke2fs: 'e2fsprogs',
  strace: 'strace',
  mount: 'mount',
  umount: 'mount',
  nsenter: 'util-linux',
  unshare: 'util-linux',
};

export const findTools = async (): Promise<Tools> => ({
  pluginDir: await findPlugins(),
  env: await findPrograms(),
});

const findPlugins = async (): Promise<string> => {
  for (const dir of installedPluginDirs) if (await hasAll(dir, plugins)) return dir;
  const unpacked = join(await fetchPackage('containernetworking-plugins'), 'usr/lib/cni');
  if (await hasAll(unpacked, plugins)) return unpacked;
  throw new Error(
    `The CNI plugins ${plugins.join(', ')} are not in ${[...installedPluginDirs, unpacked].join(', ')}.`,
  );
};

/** Programs run from where they were unpacked need to be told where their libraries are. */
const findPrograms = async (): Promise<Record<string, string>> => {
  const missing = new Set<string>();
  const path = (process.env['PATH'] ?? '').split(':');
  for (const [program, name] of Object.entries(programs)) {
    const found = await Promise.all(path.map((dir) => exists(join(dir, program))));
    if (!found.includes(true)) missing.add(name);
  }
  const dirs = {path: [] as string[], libraries: [] as string[], xtables: [] as string[]};
  for (const name of missing) {
    const root = await fetchPackage(name);
    if (name === 'iptables') await linkIptables(root);
    dirs.path.push(...['usr/sbin', 'sbin', 'usr/bin', 'bin'].map((dir) => join(root, dir)));
    for (const lib of [join(root, 'usr/lib'), join(root, 'lib')]) {
      for (const triplet of await namesIn(lib)) {
        dirs.libraries.push(join(lib, triplet));
        if (await exists(join(lib, triplet, 'xtables'))) dirs.xtables.push(join(lib, triplet, 'xtables'));
      }
    }
  }
  return {
    PATH: [...path, ...dirs.path].join(':'),
    ...(dirs.libraries.length > 0 && {LD_LIBRARY_PATH: dirs.libraries.join(':')}),
    ...(dirs.xtables.length > 0 && {XTABLES_LIBDIR: dirs.xtables.join(':')}),
  };
};

/** Debian makes these names with update-alternatives when the package is installed, which this one is not. */
const linkIptables = async (root: string): Promise<void> => {
  for (const name of ['iptables', 'iptables-restore', 'iptables-save', 'ip6tables', 'ip6tables-restore']) {
    const link = join(root, 'usr/sbin', name);
    if (!(await exists(link))) await symlink('xtables-nft-multi', link);
  }
};

/**
 * Unpacks a package, and those it depends on that are not installed, into the cache. Returns the folder. One at a time,
 * since tests in other processes fetch theirs by the same lists.
 */
export const fetchPackage = (name: string): Promise<string> =>
  withLock({cache, state: cache, logs: cache}, {command: `fetch ${name}`, timeout: 600_000}, () =>
    fetchAlone(name),
  );

const fetchAlone = async (name: string): Promise<string> => {
  const root = join(cache, name);
  const debs = join(root, 'debs');
  if (await exists(join(root, 'complete'))) return root;
  await output('apt-get', ['--version']).catch(() => {
    throw new Error(`${name} is not installed, and apt-get is missing to download it: install ${name}`);
  });
  await mkdir(debs, {recursive: true});
  await download(name, debs).catch(async () => {
    // The machine's package lists are missing or old: lists of our own leave them alone.
    const lists = join(cache, 'lists');
    await mkdir(join(lists, 'partial'), {recursive: true});
    const own = [
      '-o',
      `Dir::State::lists=${lists}`,
      '-o',
      'Dir::Cache::pkgcache=',
      '-o',
      'Dir::Cache::srcpkgcache=',
    ];
    await output('apt-get', [...own, 'update']);
    await download(name, debs, own);
  });
  for (const deb of await namesIn(debs)) await output('dpkg', ['-x', join(debs, deb), root]);
  await mkdir(join(root, 'complete'));
  return root;
};

const download = async (name: string, dir: string, options: readonly string[] = []): Promise<void> => {
  const uris = await output('apt-get', [
    ...options,
    // What lies in apt's own cache would be left out.
    '-o',
    `Dir::Cache::archives=${dir}`,
    'install',
    '--print-uris',
    '-qq',
    '--no-install-recommends',
    name,
  ]);
  // 'http://…/iptables_1.8.9-2_amd64.deb' iptables_1.8.9-2_amd64.deb 360000 SHA256:…
  const names = uris.split('\n').flatMap((line) => /^'[^']+' ([^_]+)_/.exec(line)?.[1] ?? []);
  await output('apt-get', [...options, 'download', ...(names.length > 0 ? names : [name])], {cwd: dir});
};

const hasAll = async (dir: string, names: readonly string[]): Promise<boolean> => {
  const present = await namesIn(dir);
  return names.every((name) => present.includes(name));
};

export const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
