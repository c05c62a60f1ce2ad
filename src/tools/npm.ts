/** npm: downloads a package from the registry in the user's npm settings. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

/** Downloads `name@version` as a tarball into `directory`; prints `[{"filename","integrity",…}]`. */
export const packPackage = (name: string, version: string, directory: string): Command => [
  'npm',
  ['pack', `${name}@${version}`, '--json', '--pack-destination', directory],
];

const packed = z.object({
  filename: z.string(),
  /** Subresource Integrity of the tarball: `sha512-…`. */
  integrity: z.string(),
});
export type NpmPackage = z.infer<typeof packed>;

/** npm 11 prints an array, later ones an object by package name. */
const printed = z.union([z.array(packed), z.record(z.string(), packed).transform(Object.values<NpmPackage>)]);

export const parsePacked = (stdout: string): NpmPackage => {
  const [first] = readJson(printed, stdout, 'the output of npm pack');
  if (first === undefined) throw new Error('npm pack wrote no tarball');
  return first;
};
