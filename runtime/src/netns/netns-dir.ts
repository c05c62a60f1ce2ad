/** Named network namespaces: bind mounts in one directory, as `ip netns` makes them under /run/netns. */
import {closeSync, openSync, readFileSync, statfsSync} from 'node:fs';
import {mkdir, readdir, realpath, rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

export interface NetnsDir {
  readonly path: string;
  /** Makes the netns unless it exists; its loopback interface is up then. */
  create(path: string): Promise<void>;
  /** Takes the name away; the netns itself goes with its last process. A name that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Throws when that cannot be told: what is taken for absent loses its address. */
  exists(path: string): boolean;
  /** The paths of what is ours by its name, whether or not it is a netns. */
  list(): Promise<string[]>;
  /** Of those, the paths that are netns: for thousands of them at once. */
  mounted(): Promise<string[]>;
}

/** Begins the names of our own; others in the directory are not touched. */
const prefix = 'kni-';
const nsfsMagic = 0x6e736673;

export const netnsPathOf = (dir: string, key: string): string => join(dir, `${prefix}${key}`);

/** The key in the path, if it lies directly in the directory and is one of ours. */
export const keyOfNetnsPath = (dir: string, path: string): string | undefined => {
  const name = basename(path);
  const ours = dirname(path) === dir && join(dir, name) === path && name.startsWith(prefix);
  return ours ? name.slice(prefix.length) : undefined;
};

export const openNetnsDir = async (path: string, exec: Exec): Promise<NetnsDir> => {
  await mkdir(path, {recursive: true, mode: 0o755});
  await share(path, exec);

  const create = async (name: string): Promise<void> => {
    if (exists(name)) return;
    closeSync(openSync(name, 'w', 0o444));
    // Not by the loopback plugin, which would be two more programs to start for every pod: it does just this.
    await runTool(exec, 'unshare', [`--net=${name}`, 'ip', 'link', 'set', 'dev', 'lo', 'up']);
  };
  const remove = async (name: string): Promise<void> => {
    while (exists(name)) await runTool(exec, 'umount', ['--lazy', name]);
    await rm(name, {force: true});
  };
  const list = async (): Promise<string[]> =>
    (await readdir(path)).filter((name) => name.startsWith(prefix)).map((name) => join(path, name));
  return {path, create, remove, exists, list, mounted: () => netnsMountedIn(path)};
};

/** The paths of our own netns in a directory, which need not exist. */
export const netnsMountedIn = async (path: string): Promise<string[]> => {
  const real = await realpath(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return path;
    throw error;
  });
  const [start, ours] = [join(real, prefix), join(path, prefix)]; // joined once: there may be thousands
  return mountPointsIn(mountinfo(), 'nsfs')
    .filter((point) => point.startsWith(start) && !point.includes('/', start.length))
    .map((point) => ours + point.slice(start.length));
};

/** At once, as all that an attach looks up in memory or in a small local file: a promise takes twice as long, or more. */
const exists = (name: string): boolean => {
  try {
    return statfsSync(name).type === nsfsMagic;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

/** Like iproute2: what is mounted here shows up in other mount namespaces too, and can be unmounted from there. */
const share = async (path: string, exec: Exec): Promise<void> => {
  const makeShared = () => runTool(exec, 'mount', ['--make-rshared', path]);
  try {
    await makeShared();
  } catch (error) {
    // Bound over itself a second time, the directory would hold a second mount of each netns in it.
    if (isMountPoint(mountinfo(), await realpath(path))) throw error;
    await runTool(exec, 'mount', ['--rbind', path, path]);
    await makeShared();
  }
};

/** At once: the kernel hands out a page at a time, and a promise for each of hundreds takes longer than it does. */
const mountinfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

/**
 * In the form of /proc/self/mountinfo (proc_pid_mountinfo(5)), where the mount point is the fifth field and the type comes
 * after a hyphen.
 */
const mountPointsIn = (text: string, type = '\\S+'): string[] =>
  Array.from(text.matchAll(new RegExp(`^(?:\\S+ ){4}(\\S+) .* - ${type} `, 'gm')), ([, escaped = '']) =>
    unescaped(escaped),
  );

const unescaped = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text;

export const isMountPoint = (text: string, path: string): boolean => mountPointsIn(text).includes(path);
