/** git: builds its arguments, parses its output. */

import type {Command} from '../host/host.ts';

const git = (...args: readonly string[]): Command => ['git', args];

/**
 * Makes git fail instead of asking for a password, because a script may run kni-demo. A git hook may run it, too: git sets
 * these variables for hooks, and with them a fetch would change the repository of the hook.
 */
export const gitEnv = {
  GIT_DIR: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
  GIT_TERMINAL_PROMPT: '0',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  LC_ALL: 'C',
} as const;

/** Prints every branch and tag that `ref` can mean in the repository, and the commit of an annotated tag. */
export const listRemote = (url: string, ref: string): Command =>
  git('ls-remote', '--', url, ref, `${ref}^{}`);

/** Reads the commit of `ref` from that output, 40 hexadecimal digits. Like git, it prefers a tag to a branch. */
export const parseRemote = (stdout: string, ref: string): string | undefined => {
  const found = new Map(
    stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([id = '', name = '']) => [name, id]),
  );
  const candidates = [ref, `refs/tags/${ref}`, `refs/heads/${ref}`, `refs/${ref}`];
  return candidates.flatMap((name) => found.get(`${name}^{}`) ?? found.get(name) ?? [])[0];
};

export const initBare = (directory: string): Command => git('init', '--quiet', '--bare', directory);

/** A partial clone: it may lack files, which git can fetch from `url`. Needs git 2.30 or later. */
const partial = (directory: string, url: string, ...args: readonly string[]): Command =>
  git(
    '-C',
    directory,
    '-c',
    `remote.origin.url=${url}`,
    '-c',
    'remote.origin.promisor=true',
    '-c',
    'remote.origin.partialCloneFilter=blob:none',
    ...args,
  );

/**
 * Fetches a commit with its directories, but without file contents and history. A server that does not support this sends
 * the contents, too. Prints its progress.
 */
export const fetchShape = (directory: string, url: string, ref: string): Command =>
  partial(
    directory,
    url,
    'fetch',
    '--progress',
    '--depth=1',
    '--no-tags',
    '--filter=blob:none',
    '--',
    'origin',
    ref,
  );

/** Prints the ids of all objects of the commit. A question mark precedes an object that the repository lacks. */
export const missingFiles = (directory: string, url: string, commit: string): Command =>
  partial(directory, url, 'rev-list', '--objects', '--missing=print', '--no-object-names', commit);

export const parseMissing = (stdout: string): readonly string[] =>
  stdout.split('\n').flatMap((line) => (line.startsWith('?') ? [line.slice(1)] : []));

/** Fetches the objects whose ids standard input lists, one per line. git itself would fetch them one by one. */
export const fetchFiles = (directory: string, url: string): Command =>
  partial(
    directory,
    url,
    '-c',
    'fetch.negotiationAlgorithm=noop',
    'fetch',
    '--progress',
    '--no-tags',
    '--no-write-fetch-head',
    '--recurse-submodules=no',
    '--filter=blob:none',
    '--stdin',
    '--',
    'origin',
  );

/** Prints the commit that was fetched last. */
export const fetchedCommit = (directory: string): Command =>
  git('-C', directory, 'rev-parse', 'FETCH_HEAD^{commit}');

/** Writes a tarball of a commit or a tree, without git's metadata. */
export const archive = (directory: string, id: string, tarball: string): Command =>
  git('-C', directory, 'archive', '--format=tar', `--output=${tarball}`, id);

/** Prints the top directory of the work tree. Fails outside of a work tree. */
export const topLevel = (directory: string): Command => git('-C', directory, 'rev-parse', '--show-toplevel');

/** Prints two paths: the index, and the directory of the objects. */
export const gitPaths = (directory: string): Command =>
  git('-C', directory, 'rev-parse', '--path-format=absolute', '--git-path', 'index', '--git-path', 'objects');

/** Prints a line for each uncommitted change. */
export const changes = (directory: string): Command => git('-C', directory, 'status', '--porcelain');

/** Makes git write to another index and object directory, so that the repository of the work tree does not change. */
export const separateRepository = (index: string, objects: string, alternate: string) => ({
  ...gitEnv,
  GIT_INDEX_FILE: index,
  GIT_OBJECT_DIRECTORY: objects,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: alternate,
});

/** Adds all files of the work tree that git does not ignore to the index. */
export const addAll = (directory: string): Command => git('-C', directory, 'add', '--all');

/** Writes the index as a tree, and prints the tree's id. */
export const writeTree = (directory: string): Command => git('-C', directory, 'write-tree');

/**
 * For commands that need no repository: git reads no configuration and no attributes of the user, which can leave changes
 * out of a diff. `missing` is a path at which nothing exists. git before 2.32 looks in the home directory only.
 */
export const withoutConfig = (missing: string) => ({
  HOME: missing,
  XDG_CONFIG_HOME: missing,
  GIT_DIR: missing,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '0',
  GIT_CONFIG_PARAMETERS: '',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_DIFF_OPTS: '',
  LC_ALL: 'C',
});

/** Merges the changes from `base` to `theirs` into `ours`, in place. The exit code is the number of conflicts. */
export const mergeFile = (ours: string, base: string, theirs: string): Command =>
  git('merge-file', '--quiet', '--diff3', ours, base, theirs);

/** Writes the differences of two files, which need no repository, to `output`. Exits with 1 if there are any. */
export const diffFiles = (before: string, after: string, output: string): Command =>
  git(
    'diff',
    '--no-index',
    '--no-color',
    '--no-ext-diff',
    '--text',
    '--unified=3',
    `--output=${output}`,
    '--',
    before,
    after,
  );
