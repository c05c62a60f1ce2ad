/** git: builds its arguments, parses its output. */

import type {Command} from '../host/host.ts';

const git = (...args: readonly string[]): Command => ['git', args];

/** It never asks for a password: there may be nobody at the terminal. */
export const gitEnv = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  LC_ALL: 'C',
} as const;

/** Prints a line for everything that `ref` may mean there; for an annotated tag also the commit it stands for. */
export const listRemote = (url: string, ref: string): Command =>
  git('ls-remote', '--', url, ref, `${ref}^{}`);

/** The commit that `ref` means, 40 hexadecimal digits: a tag before a branch, as git itself prefers it. */
export const parseRemote = (stdout: string, ref: string): string | undefined => {
  const found = new Map(
    stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([id = '', name = '']) => [name, id]),
  );
  const meant = [ref, `refs/tags/${ref}`, `refs/heads/${ref}`, `refs/${ref}`];
  return meant.flatMap((name) => found.get(`${name}^{}`) ?? found.get(name) ?? [])[0];
};

export const initBare = (directory: string): Command => git('init', '--quiet', '--bare', directory);

/** A repository that may lack files, which are to be had at `url`. Needs git 2.30 or later, as fetchFiles does. */
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
 * Only which files the commit has, not what is in them, and not how it came to be; a server that cannot tell one without
 * the other sends all. Prints its progress.
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

/** Prints the ids of what the commit has and the repository lacks, each after a question mark, among others. */
export const missingFiles = (directory: string, url: string, commit: string): Command =>
  partial(directory, url, 'rev-list', '--objects', '--missing=print', '--no-object-names', commit);

export const parseMissing = (stdout: string): readonly string[] =>
  stdout.split('\n').flatMap((line) => (line.startsWith('?') ? [line.slice(1)] : []));

/** Reads ids, one a line. As git itself fetches what it finds missing (partial clone), but many at a time. */
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

/** Of a commit or a tree, without what git keeps itself. */
export const archive = (directory: string, id: string, tarball: string): Command =>
  git('-C', directory, 'archive', '--format=tar', `--output=${tarball}`, id);

/** Prints the directory that the work tree begins at; fails outside of one. */
export const topLevel = (directory: string): Command => git('-C', directory, 'rev-parse', '--show-toplevel');

/** Prints paths: of the index, and of the directory of the objects. */
export const gitPaths = (directory: string): Command =>
  git('-C', directory, 'rev-parse', '--path-format=absolute', '--git-path', 'index', '--git-path', 'objects');

/** Prints a line for each change that is not committed. */
export const changes = (directory: string): Command => git('-C', directory, 'status', '--porcelain');

/** With an index and objects of somebody else's, so that the work tree's own repository stays as it is. */
export const apartFrom = (index: string, objects: string, alternate: string) => ({
  ...gitEnv,
  GIT_INDEX_FILE: index,
  GIT_OBJECT_DIRECTORY: objects,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: alternate,
});

/** All of the work tree that is not ignored, committed or not. */
export const addAll = (directory: string): Command => git('-C', directory, 'add', '--all');

/** Prints the id of the tree that the index holds. */
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
