/** npm: takes one package from the registry the user's npm is set to. */

import type {Command} from '../host/host.ts';

/** Downloads `name@version` as a tarball into `directory`; prints `[{"filename","integrity",…}]`. */
export const packPackage = (name: string, version: string, directory: string): Command => [
  'npm',
  ['pack', `${name}@${version}`, '--json', '--pack-destination', directory],
];

export interface Packed {
  readonly filename: string;
  /** Subresource Integrity of the tarball: `sha512-…`. */
  readonly integrity: string;
}

export const parsePacked = (stdout: string): Packed => {
  const printed: unknown = JSON.parse(stdout);
  // npm 11 prints an array, later ones an object by package name.
  const [first] = Array.isArray(printed) ? printed : Object.values(printed as object);
  const {filename, integrity} = first as Packed;
  return {filename: filename.replace(/^@/, '').replaceAll('/', '-'), integrity};
};
