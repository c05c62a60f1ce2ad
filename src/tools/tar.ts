/** tar: builds its arguments. */

import type {Command} from '../host/host.ts';

export interface Packed {
  /** The directory that the names are relative to. */
  readonly from: string;
  readonly names: readonly string[];
}

/** One tarball of all of these, in their order; owners are left to whoever unpacks it. */
export const createTarball = (file: string, packed: readonly Packed[]): Command => [
  'tar',
  [
    '--numeric-owner',
    '-cf',
    file,
    ...packed.flatMap(({from, names}) => (names.length === 0 ? [] : ['-C', from, ...names])),
  ],
];

/** Into a directory that is there. tar itself keeps names from leading out of it. */
export const unpackTarball = (file: string, directory: string): Command => [
  'tar',
  ['-C', directory, '--no-same-owner', '-xf', file],
];

/** Prints the names of all members, one a line. */
export const listArchive = (archive: string): Command => ['tar', ['--quoting-style=literal', '-tf', archive]];

/** Only the members that standard input names, one a line, without their first folder; what is there stays. */
export const unpackMembers = (archive: string, directory: string): Command => [
  'tar',
  [
    '-C',
    directory,
    '--no-same-owner',
    '--skip-old-files',
    '--strip-components=1',
    '--verbatim-files-from',
    '-xf',
    archive,
    '-T',
    '-',
  ],
];

/** `kubernetes-1.20.2/go.mod` → `go.mod` */
export const withoutFirstFolder = (member: string): string => member.replace(/^(?:\.\/)?[^/]*\/+/, '');
