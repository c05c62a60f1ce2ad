/** Parses the values of flags. All parsers throw UsageError with the name of the flag. */
import {isAbsolute} from 'node:path';
import {isPluginType} from './cni/conflist.ts';
import type {MetricsAddress} from './metrics/server.ts';
import {cidrFrom, onePerFamily} from './node/ip-address.ts';

/** The command line is invalid; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `.` and `..` are refused because paths are compared as text. */
export const absolutePath = (value: string, flag: string): string => {
  const path = value.replace(/(?<=.)\/+$/, '');
  const parts = path.split('/').slice(1);
  if (!isAbsolute(path) || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new UsageError(`--${flag} must be an absolute path, not '${path}'`);
  return path;
};

export const absolutePaths = (value: string, flag: string): string[] =>
  value === '' ? [] : value.split(',').map((path) => absolutePath(path, flag));

export const podSubnets = (value: string, flag: string): string[] => {
  if (value === '') return [];
  const subnets = value.split(',').flatMap((cidr) => cidrFrom(cidr) ?? []);
  if (subnets.length < value.split(',').length || onePerFamily(subnets).length < subnets.length)
    throw new UsageError(`--${flag} must be one subnet per IP family, not '${value}'`);
  return subnets;
};

export const namespaces = (value: string, flag: string): string[] => {
  const names = value === '' ? [] : value.split(',');
  if (!names.every((name) => name === '*' || /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)))
    throw new UsageError(`--${flag} must be * or namespaces separated by commas, not '${value}'`);
  return names;
};

export const pluginTypes = (value: string, flag: string): ReadonlySet<string> => {
  const types = value === '' ? [] : value.split(',');
  if (!types.every(isPluginType))
    throw new UsageError(`--${flag} must be types of CNI plugins separated by commas, not '${value}'`);
  return new Set(types);
};

/** Undefined for an empty value. IPv6 addresses are written in brackets. */
export const hostAndPort = (value: string, flag: string): MetricsAddress | undefined => {
  if (value === '') return undefined;
  const [, host = '', port = ''] = /^(\[[\da-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value) ?? [];
  if (host === '' || Number(port) > 65_535)
    throw new UsageError(`--${flag} must be HOST:PORT or empty, not '${value}'`);
  return {host: host.replaceAll(/[[\]]/g, ''), port: Number(port)};
};

/** The value is in seconds. */
export const milliseconds = (value: string, flag: string): number => {
  const seconds = Number(value);
  if (!(seconds > 0 && seconds <= 3600))
    throw new UsageError(`--${flag} must be a number of seconds above 0 and up to 3600, not '${value}'`);
  return seconds * 1000;
};

export const positive = (value: string, flag: string): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new UsageError(`--${flag} must be a whole number of at least 1, not '${value}'`);
  return number;
};

export const oneOf =
  <Name extends string>(names: readonly Name[]) =>
  (value: string, flag: string): Name => {
    const found = names.find((name) => name === value);
    if (!found) throw new UsageError(`--${flag} must be one of ${names.join(', ')}`);
    return found;
  };
