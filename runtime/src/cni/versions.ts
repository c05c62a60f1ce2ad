/** The supported versions of the CNI specification. */
import {arrayOf, type JsonObject} from '../lib/json.ts';
import {InvalidConfig} from './errors.ts';

const supported = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof supported)[number];

const semver = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/**
 * The highest supported version among "cniVersion" and "cniVersions" of the list (CNI spec, section 1). Without a version
 * the list is of 0.1.0, the first one. As in libcni, an empty "cniVersion" counts as missing.
 */
export const versionOf = (list: JsonObject): CniVersion => {
  const {cniVersion, cniVersions} = list;
  if (cniVersions !== undefined && !Array.isArray(cniVersions))
    throw new InvalidConfig('has "cniVersions" that are not a list');
  const hasVersion = cniVersion !== undefined && cniVersion !== '';
  const offered = [...(hasVersion ? [cniVersion] : []), ...arrayOf(cniVersions)];
  if (offered.length === 0) return '0.1.0';
  if (!offered.every((version) => typeof version === 'string' && semver.test(version)))
    throw new InvalidConfig('has an invalid version in "cniVersion" or "cniVersions"');
  const chosen = supported.findLast((version) => offered.includes(version));
  if (!chosen)
    throw new InvalidConfig(`has no supported "cniVersion", from ${supported[0]} to ${supported.at(-1)}`);
  return chosen;
};

export const isAtLeast = (version: CniVersion, least: CniVersion): boolean =>
  supported.indexOf(version) >= supported.indexOf(least);

/** Up to CNI 0.2.0 a result has one address per family, and no interfaces. */
export const hasSingleAddresses = (version: CniVersion): boolean => !isAtLeast(version, '0.3.0');

export const isCniVersion = (version: unknown): version is CniVersion =>
  supported.some((known) => known === version);
