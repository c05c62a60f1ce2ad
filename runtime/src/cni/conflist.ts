/** A network configuration list (CNI spec, section 1), checked, with its plugins' configurations kept as text. */
import {isObject, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import {memoize} from '../lib/memoize.ts';
import {InvalidConfig} from './errors.ts';
import {rawElements, rawMembers, rawObject} from './raw-json.ts';
import {type CniVersion, versionOf} from './versions.ts';

export interface Conflist {
  readonly name: string;
  readonly cniVersion: CniVersion;
  readonly plugins: readonly [PluginConfig, ...PluginConfig[]];
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  /** All of it; what is stored with an attachment, so that DEL gets the configuration of ADD. */
  readonly text: string;
}

export interface PluginConfig {
  readonly type: string;
  readonly ipamType: string | undefined;
  /** Those declared true. */
  readonly capabilities: ReadonlySet<string>;
  readonly members: ReadonlyMap<string, string>;
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** `folder` has the texts of the plugins that are not written in the list itself, see `folderOfPlugins`. */
export const parseConflist = (text: string, folder: readonly string[] = []): Conflist =>
  folder.length === 0 ? parsedWhole(text) : parsedWith(text, folder);

const parsedWith = (text: string, folder: readonly string[]): Conflist => {
  const list = parsedObject(text);
  const {name} = headOf(list);
  const members = rawMembers(text);
  const inlined = rawElements(members.get('plugins') ?? '[]');
  if ('plugins' in list && inlined.length === 0) throw new InvalidConfig('has an empty list of "plugins"');
  const [first, ...others] = [...inlined, ...folder].map(parsePlugin);
  if (!first) throw new InvalidConfig('has no "plugins"');
  return {
    name,
    cniVersion: versionOf(list),
    plugins: [first, ...others],
    disableCheck: flagOf(list, 'disableCheck'),
    disableGC: flagOf(list, 'disableGC'),
    text: folder.length === 0 ? text : withPlugins(members, [...inlined, ...folder]),
  };
};

/** A node has few lists, and every call of a plugin needs one of them. */
const parsedWhole = memoize(16, (text) => parsedWith(text, []));

/** Where the list has further plugins: a folder beside it, by the name of the network. `undefined`: nowhere. */
export const folderOfPlugins = (text: string): string | undefined => {
  const {name, isWhole} = headOf(parsedObject(text));
  return isWhole ? undefined : name;
};

const headOf = (list: JsonObject) => {
  const name = stringOf(list['name']);
  if (!name || !namePattern.test(name)) throw new InvalidConfig('has a missing or invalid "name"');
  if ('plugins' in list && !Array.isArray(list['plugins']))
    throw new InvalidConfig('has "plugins" that are not a list');
  const isWhole = flagOf(list, 'loadOnlyInlinedPlugins');
  if (isWhole && !('plugins' in list)) throw new InvalidConfig('has no "plugins"');
  return {name, isWhole};
};

/** Like libcni, which takes words for booleans. */
const flagOf = (list: JsonObject, key: string): boolean => {
  const value = key in list ? list[key] : false;
  const flag = typeof value === 'string' ? value.toLowerCase() : value;
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  throw new InvalidConfig(`has a "${key}" that is neither true nor false`);
};

/** The list with nothing left outside of it. */
const withPlugins = (members: ReadonlyMap<string, string>, plugins: readonly string[]): string =>
  rawObject(new Map(members).set('plugins', `[${plugins.join(',')}]`).set('loadOnlyInlinedPlugins', 'true'));

/** Before the conflist there was one plugin to a file, `.conf` or `.json`; it reads as a list of one. */
export const parseSinglePlugin = (text: string): Conflist => {
  const plugin = parsedObject(text);
  if ('plugins' in plugin)
    throw new InvalidConfig('has a list of "plugins", so its file name must end in .conflist');
  const members = rawMembers(text);
  const head = ['cniVersion', 'cniVersions', 'name'].flatMap((key) => {
    const value = members.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return parseConflist(rawObject([...head, ['plugins', `[${text}]`]]));
};

const parsedObject = (text: string): JsonObject => {
  const object = parsed(text);
  if (!isObject(object)) throw new InvalidConfig('is not a JSON object');
  return object;
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
