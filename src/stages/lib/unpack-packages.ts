/** Unpacks packages of another Debian suite beside the system. */

import {join} from 'node:path';
import type {Dirs} from '../../cache/dirs.ts';
import type {Command} from '../../host/host.ts';
import {type Mirrors, privateApt} from '../../tools/apt.ts';

export interface PackageSelection {
  readonly mirrors: Mirrors;
  readonly suite: string;
  readonly names: readonly string[];
  /** The directory to unpack into. */
  readonly to: string;
}

/** Uses a separate apt configuration, and does not install the packages: dpkg does not know them. */
export const unpackPackages = (
  {mirrors, suite, names, to}: PackageSelection,
  {cache}: Pick<Dirs, 'cache'>,
): readonly Command[] => {
  const root = join(cache, 'apt', suite);
  const {make, apt} = privateApt(root, mirrors, suite);
  const unpacked = `${to}.new`;
  const unpackAll = 'for file in "$1"/*.deb; do dpkg-deb -x "$file" "$2"; done';
  return [
    ...make,
    apt('update'),
    apt('download', ...names),
    ['rm', ['-rf', to, unpacked]],
    ['mkdir', ['-p', unpacked]],
    ['sh', ['-ec', unpackAll, 'sh', `${root}/packages`, unpacked]],
    ['mv', [unpacked, to]],
  ];
};
