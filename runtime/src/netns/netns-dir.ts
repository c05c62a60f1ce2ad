/** Manages named network namespaces: bind mounts in one directory, as `ip netns` creates them in /run/netns. */
import {closeSync, lstatSync, openSync, readFileSync, statfsSync} from 'node:fs';
import {mkdir, readdir, realpath, rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {errorCodeOf} from '../lib/error-code.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {createLoopbacks, setLoopbackUp} from './loopback.ts';
import {createNetnsBatch, type NetnsBatchOptions} from './netns-batch.ts';

export interface NetnsDir {
  readonly path: string;
  /** Creates the netns unless it exists. Its loopback interface comes up soon afterwards. */
  create(path: string): Promise<void>;
  /** Resolves when the loopback interface is up. Rejects with ToolFailed; the next call retries. */
  loopbackUp(path: string): Promise<void>;
  /** Removes the name; the kernel removes the netns after its last process. A missing name is fine. */
  remove(path: string): Promise<void>;
  /** Throws if the check fails: with the answer "no", the caller would release the addresses of a running pod. */
  exists(path: string): boolean;
  /** The paths of all files with our name prefix, netns or not. */
  list(): Promise<string[]>;
  /** The paths with our name prefix that are netns; fast for thousands. */
  mounted(): Promise<string[]>;
}

/** Marks our own names; other files in the directory are not touched. */
const prefix = 'kni-';
const nsfsMagic = 0x6e736673;

export const netnsPathOf = (dir: string, key: string): string => join(dir, `${prefix}${key}`);

/** The key in the path, if the path is directly in `dir` and has our prefix. */
export const keyOfNetnsPath = (dir: string, path: string): string | undefined => {
  const name = basename(path);
  const ours = dirname(path) === dir && join(dir, name) === path && name.startsWith(prefix);
  return ours ? name.slice(prefix.length) : undefined;
};

/** With `batchOptions`, a long-lived ip does most of the work if it uses the same directory. */
export const openNetnsDir = async (
  path: string,
  exec: Exec,
  batchOptions?: NetnsBatchOptions,
): Promise<NetnsDir> => {
  await mkdir(path, {recursive: true, mode: 0o755});
  await share(path, exec);
  const isNamed = await isDirOfIp(path);
  const batch = isNamed && batchOptions ? createNetnsBatch(batchOptions) : undefined;
  const runInBatch = async (verb: 'add' | 'delete', netns: string): Promise<boolean> => {
    const name = basename(netns);
    return batch !== undefined && /^[\w.-]+$/.test(name) && (await batch.run(`netns ${verb} ${name}`));
  };
  const loopbacks = createLoopbacks(exec, isNamed);

  const create = async (netns: string): Promise<void> => {
    if (exists(netns)) return;
    await loopbacks.forget(netns);
    const isAdded = await runInBatch('add', netns);
    if (!exists(netns)) {
      closeSync(openSync(netns, 'w', 0o444));
      await runTool(exec, 'unshare', [`--net=${netns}`, ...setLoopbackUp]);
      loopbacks.markUp(netns);
    } else if (isAdded) loopbacks.bringUpSoon(netns);
  };
  const remove = async (netns: string): Promise<void> => {
    await loopbacks.forget(netns);
    if (!isLink(netns)) {
      if (exists(netns) && (await runInBatch('delete', netns)) && !exists(netns)) return;
      while (exists(netns)) await runTool(exec, 'umount', ['--lazy', netns]);
    }
    await rm(netns, {force: true});
  };
  const list = async (): Promise<string[]> =>
    (await readdir(path)).filter((name) => name.startsWith(prefix)).map((name) => join(path, name));
  return {
    path,
    create,
    loopbackUp: (netns) => loopbacks.bringUp(netns),
    remove,
    exists,
    list,
    mounted: () => netnsMountedIn(path),
  };
};

/** Whether ip uses this directory. Some builds of ip use /var/run, which is a link to /run on most nodes. */
const isDirOfIp = async (path: string): Promise<boolean> => {
  const paths = [path, '/run/netns', '/var/run/netns'];
  const [real, ...ofIp] = await Promise.all(paths.map((each) => realpath(each).catch(() => undefined)));
  return real !== undefined && ofIp.every((each) => each === real);
};

/** The paths of our netns in a directory that may be missing. */
export const netnsMountedIn = async (path: string): Promise<string[]> => {
  const real = await realpath(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return path;
    throw error;
  });
  const [start, ours] = [join(real, prefix), join(path, prefix)]; // joined once: there may be thousands of mounts
  return mountPointsIn(mountinfo(), 'nsfs')
    .filter((point) => point.startsWith(start) && !point.includes('/', start.length))
    .map((point) => ours + point.slice(start.length));
};

/** Synchronous, because every attach calls it and a promise takes at least twice as long. */
const exists = (name: string): boolean => {
  try {
    return statfsSync(name).type === nsfsMagic;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

/** Unmounting a link would unmount its target, which is the netns of another program. */
const isLink = (path: string): boolean => lstatSync(path, {throwIfNoEntry: false})?.isSymbolicLink() ?? false;

/** As iproute2 does, shares mounts in this directory with other mount namespaces, which can then unmount them, too. */
const share = async (path: string, exec: Exec): Promise<void> => {
  const makeShared = () => runTool(exec, 'mount', ['--make-rshared', path]);
  try {
    await makeShared();
  } catch (error) {
    // A second bind mount of the directory over itself would duplicate every netns mount in it.
    if (isMountPoint(mountinfo(), await realpath(path))) throw error;
    await runTool(exec, 'mount', ['--rbind', path, path]);
    await makeShared();
  }
};

/** Synchronous: the kernel returns one page per read, and a promise for each of hundreds takes longer than the read. */
const mountinfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

/** Parses /proc/self/mountinfo: the mount point is the fifth field, the type follows a hyphen (proc_pid_mountinfo(5)). */
const mountPointsIn = (text: string, type = '\\S+'): string[] =>
  Array.from(text.matchAll(new RegExp(`^(?:\\S+ ){4}(\\S+) .* - ${type} `, 'gm')), ([, escaped = '']) =>
    decodeOctal(escaped),
  );

const decodeOctal = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text;

export const isMountPoint = (text: string, path: string): boolean => mountPointsIn(text).includes(path);
