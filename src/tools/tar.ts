/** tar: builds its arguments. */

import type {Command} from '../host/host.ts';

/** tar takes `a` in `a:b.tar` for the name of a host otherwise. */
const local = '--force-local';

export interface TarballPart {
  /** The directory that the names are relative to. */
  readonly from: string;
  readonly names: readonly string[];
}

/** One tarball of all of these, in their order; owners are left to whoever unpacks it. */
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

/** Into a directory that is there. tar itself keeps names from leading out of it. */
export const unpackTarball = (file: string, directory: string): Command => [
  'tar',
  [local, '-C', directory, '--no-same-owner', '-xf', file],
];

/** Prints the names of all members, one a line. */
export const listTarball = (archive: string): Command => [
  'tar',
  [local, '--quoting-style=literal', '-tf', archive],
];

export interface UnpackOptions {
  readonly archive: string;
  readonly directory: string;
  /** How many folders are left out of the members' names. */
  readonly strip: number;
}

/** Only the members that standard input names, one a line; what is there stays. */
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

/** As tar names a member once its first folders are left out: `./kubernetes-1.20.2/go.mod`, 1 → `go.mod` */
export const strippedName = (member: string, strip: number): string =>
  member.replace(/^\.\//, '').split('/').slice(strip).join('/');
