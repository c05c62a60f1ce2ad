/** A network configuration list (CNI spec, section 1), checked, with its plugins' configurations kept as text. */
import {arrayOf, isObject, type JsonObject, objectOf, stringOf} from '../json.ts';
import {InvalidConfig} from './errors.ts';
import {rawElements, rawMembers, rawObject} from './raw-json.ts';

export interface Conflist {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly [PluginConfig, ...PluginConfig[]];
  /** As it was written; what is stored with an attachment, so that DEL gets the configuration of ADD. */
  readonly text: string;
}

export interface PluginConfig {
  readonly type: string;
  readonly ipamType: string | undefined;
  /** Those declared true. */
  readonly capabilities: ReadonlySet<string>;
  readonly members: ReadonlyMap<string, string>;
}

const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export const parseConflist = (text: string): Conflist => {
  const list = parsed(text);
  if (!isObject(list)) throw new InvalidConfig('is not a JSON object');
  const name = stringOf(list['name']);
  if (!name || !namePattern.test(name)) throw new InvalidConfig('has no valid "name"');
  if (!('plugins' in list)) throw new InvalidConfig('has no "plugins"');
  const [first, ...others] = rawElements(rawMembers(text).get('plugins') ?? '[]').map(parsePlugin);
  if (!first) throw new InvalidConfig('has an empty list of "plugins"');
  return {name, cniVersion: versionOf(list), plugins: [first, ...others], text};
};

/** Before the conflist there was one plugin to a file, `.conf` or `.json`; it reads as a list of one. */
export const parseSinglePlugin = (text: string): Conflist => {
  const plugin = parsed(text);
  if (!isObject(plugin)) throw new InvalidConfig('is not a JSON object');
  if ('plugins' in plugin)
    throw new InvalidConfig('holds a list of plugins, for which its name must end in .conflist');
  const members = rawMembers(text);
  const head = ['cniVersion', 'cniVersions', 'name'].flatMap((key) => {
    const value = members.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return parseConflist(rawObject([...head, ['plugins', `[${text}]`]]));
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidConfig('is not valid JSON', {cause: error});
  }
};

const parsePlugin = (text: string): PluginConfig => {
  const plugin = parsed(text);
  if (!isObject(plugin)) throw new InvalidConfig('has a plugin that is not a JSON object');
  const type = stringOf(plugin['type']);
  if (!isPluginType(type)) throw new InvalidConfig('has a plugin without a valid "type"');
  const ipamType = stringOf(objectOf(plugin['ipam'])['type']);
  const capabilities = Object.entries(objectOf(plugin['capabilities'])).filter(
    ([, wanted]) => wanted === true,
  );
  return {
    type,
    ipamType: isPluginType(ipamType) ? ipamType : undefined,
    capabilities: new Set(capabilities.map(([capability]) => capability)),
    members: rawMembers(text),
  };
};

/** A type names a file in the plugins' directory, nothing outside of it. */
const isPluginType = (type: string | undefined): type is string =>
  type !== undefined && type !== '' && type !== '.' && type !== '..' && !/[/\0]/.test(type);

/** The highest version that both the list and we know; without one the list means 0.1.0, which we do not speak. */
const versionOf = (list: JsonObject): string => {
  const offered = new Set([list['cniVersion'], ...arrayOf(list['cniVersions'])]);
  const chosen = supportedVersions.findLast((version) => offered.has(version));
  if (!chosen)
    throw new InvalidConfig(
      `has no "cniVersion" from ${supportedVersions[0]} to ${supportedVersions.at(-1)}`,
    );
  return chosen;
};
