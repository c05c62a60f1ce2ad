/** tar: builds its arguments. */

import type {Command} from '../host/host.ts';

/** Otherwise tar treats `a` in `a:b.tar` as the name of a host. */
const local = '--force-local';

export interface TarballPart {
  /** `names` are relative to this directory. */
  readonly from: string;
  readonly names: readonly string[];
}

/** Creates one tarball of all parts, in their order. Stores owners as numbers; `unpackTarball` ignores them. */
export const createTarball = (file: string, packed: readonly TarballPart[]): Command => [
  'tar',
  [
    local,
    '--numeric-owner',
    '-cf',
    file,
    ...packed.flatMap(({from, names}) => (names.length === 0 ? [] : ['-C', from, ...names])),
  ],
];

/** Creates a compressed tarball of one part. */
export const compressTarball = (file: string, {from, names}: TarballPart): Command => [
  'tar',
  [local, '--numeric-owner', '-czf', file, '-C', from, ...names],
];

/** Unpacks into an existing directory. tar refuses members with paths outside of it. */
export const unpackTarball = (file: string, directory: string): Command => [
  'tar',
  [local, '-C', directory, '--no-same-owner', '-xf', file],
];

/** Prints the names of all members, one per line. */
export const listTarball = (archive: string): Command => [
  'tar',
  [local, '--quoting-style=literal', '-tf', archive],
];

export interface UnpackOptions {
  readonly archive: string;
  readonly directory: string;
  /** The number of leading folders to remove from the members' names. */
  readonly strip: number;
}

/** Unpacks the members that standard input names, one per line. Existing files stay. */
export const unpackMembers = ({archive, directory, strip}: UnpackOptions): Command => [
  'tar',
  [
    local,
    '-C',
    directory,
    '--no-same-owner',
    '--skip-old-files',
    `--strip-components=${strip}`,
    '--verbatim-files-from',
    '-xf',
    archive,
    '-T',
    '-',
  ],
];

/** The name of a member without its leading folders: `./kubernetes-1.20.2/go.mod`, 1 → `go.mod` */
export const strippedName = (member: string, strip: number): string =>
  member.replace(/^\.\//, '').split('/').slice(strip).join('/');
