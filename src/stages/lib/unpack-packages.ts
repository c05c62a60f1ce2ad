/** Programs of another suite, beside the system. */

import {join} from 'node:path';
import type {Command} from '../../host/host.ts';
import {type Mirrors, privateApt} from '../../tools/apt.ts';
import type {DemoContext} from '../context.ts';

/** Downloads packages of another suite by an apt of their own and unpacks them: dpkg learns nothing of it. */
export const unpack = (
  {dirs}: DemoContext,
  {mirrors, suite, names, to}: {mirrors: Mirrors; suite: string; names: readonly string[]; to: string},
): readonly Command[] => {
  const root = join(dirs.cache, 'apt', suite);
  const {make, apt} = privateApt(root, mirrors, suite);
  const fresh = `${to}.new`;
  return [
    ...make,
    apt('update'),
    apt('download', ...names),
    ['rm', ['-rf', to, fresh]],
    ['mkdir', ['-p', fresh]],
    [
      'sh',
      ['-ec', 'for file in "$1"/*.deb; do dpkg-deb -x "$file" "$2"; done', 'sh', `${root}/packages`, fresh],
    ],
    ['mv', [fresh, to]],
  ];
};
