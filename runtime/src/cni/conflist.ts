/** Parses and checks a network configuration list (CNI spec, section 1). Configurations of plugins are kept as text. */
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
  /** The complete list, which is stored with each attachment so that DEL gets the configuration of ADD. */
  readonly text: string;
}

export interface PluginConfig {
  readonly type: string;
  readonly ipamType: string | undefined;
  /** The capabilities declared as true. */
  readonly capabilities: ReadonlySet<string>;
  readonly members: ReadonlyMap<string, string>;
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** `folder` holds the texts of the plugins in the folder of the network, see `folderOfPlugins`. */
export const parseConflist = (text: string, folder: readonly string[] = []): Conflist =>
  folder.length === 0 ? parseInlined(text) : parseWith(text, folder);

const parseWith = (text: string, folder: readonly string[]): Conflist => {
  const list = parseObject(text);
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

/** Memoized: a node has few lists, and every plugin call parses one. */
const parseInlined = memoize(16, (text) => parseWith(text, []));

/** The name of the folder beside the list that may hold further plugins; undefined if the list is complete. */
export const folderOfPlugins = (text: string): string | undefined => {
  const {name, isWhole} = headOf(parseObject(text));
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

/** As libcni does, this accepts the strings "true" and "false". */
const flagOf = (list: JsonObject, key: string): boolean => {
  const value = key in list ? list[key] : false;
  const flag = typeof value === 'string' ? value.toLowerCase() : value;
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  throw new InvalidConfig(`has a "${key}" that is neither true nor false`);
};

/** The list as text, with all plugins inlined. */
const withPlugins = (members: ReadonlyMap<string, string>, plugins: readonly string[]): string =>
  rawObject(new Map(members).set('plugins', `[${plugins.join(',')}]`).set('loadOnlyInlinedPlugins', 'true'));

/** Older configurations, `.conf` or `.json`, hold a single plugin. It becomes a list of one. */
export const parseSinglePlugin = (text: string): Conflist => {
  const plugin = parseObject(text);
  if ('plugins' in plugin)
    throw new InvalidConfig('has a list of "plugins", so its file name must end in .conflist');
  const members = rawMembers(text);
  const head = ['cniVersion', 'cniVersions', 'name'].flatMap((key) => {
    const value = members.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return parseConflist(rawObject([...head, ['plugins', `[${text}]`]]));
};

const parseObject = (text: string): JsonObject => {
  const object = parseJson(text);
  if (!isObject(object)) throw new InvalidConfig('is not a JSON object');
  return object;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidConfig('is not valid JSON', {cause: error});
  }
};

const parsePlugin = (text: string): PluginConfig => {
  const plugin = parseJson(text);
  if (!isObject(plugin)) throw new InvalidConfig('has a plugin that is not a JSON object');
  const type = stringOf(plugin['type']);
  if (!isPluginType(type)) throw new InvalidConfig('has a plugin without a valid "type"');
  const ipamType = stringOf(objectOf(plugin['ipam'])['type']);
  const capabilities = Object.entries(objectOf(plugin['capabilities'])).filter(([, value]) => value === true);
  return {
    type,
    ipamType: isPluginType(ipamType) ? ipamType : undefined,
    capabilities: new Set(capabilities.map(([capability]) => capability)),
    members: rawMembers(text),
  };
};

/** A type is a file name, so that it cannot lead out of the plugin directory. */
export const isPluginType = (type: string | undefined): type is string =>
  type !== undefined && type !== '' && type !== '.' && type !== '..' && !/[/\0]/.test(type);
