/**
 * Adapts the configuration of a NetworkAttachmentDefinition to the node: host-local gets the node's lease directory, and
 * configurations that use the node's own network or links are refused. This only prevents accidents: authors of definitions
 * choose which programs run as root, with any arguments. All other members pass through unchanged.
 */
import {InvalidConfig} from '../cni/errors.ts';
import {rawElements, rawMembers, rawObject} from '../cni/raw-json.ts';
import {defaultBridge} from './bridges.ts';

export interface NodeLimits {
  /** `dataDir` of host-local. Leases elsewhere would never be released after a crash. */
  readonly ipamDir: string;
  /** Interfaces of the node's own network. */
  readonly ownLinks: readonly string[];
  /** Network names that delegated plugins must not get. */
  readonly ownNetworks: readonly string[];
}

/** Real configurations are not nested deeper, and deeper ones take long to read. */
const deepest = 32;

/** `config` is JSON. Also adapts the configurations that plugins delegate to other plugins, under any key. */
export const fitToNode = (config: string, limits: NodeLimits, depth = 0): string => {
  if (depth > deepest) throw new InvalidConfig(`is nested more than ${deepest} levels deep`);
  const text = config.trim();
  if (text.startsWith('[')) {
    const elements = rawElements(text);
    const fitted = elements.map((element) => fitToNode(element, limits, depth + 1));
    return isSame(elements, fitted) ? config : `[${fitted.join(',')}]`;
  }
  if (!text.startsWith('{')) return config;
  const members = rawMembers(text);
  refuseOwnLinks(members, limits);
  if (depth > 0) refuseOwnNetworks(members, limits); // the policy decides on the outermost name
  const fitted = new Map(members);
  for (const [key, value] of members) fitted.set(key, fitToNode(value, limits, depth + 1));
  const ipam = fitted.get('ipam');
  if (ipam !== undefined && usesHostLocal(members, ipam))
    fitted.set('ipam', withLeaseDir(ipam, limits.ipamDir));
  return isSame([...members.values()], [...fitted.values()]) ? config : rawObject(fitted);
};

type Members = ReadonlyMap<string, string>;

const isSame = (texts: readonly string[], others: readonly string[]): boolean =>
  texts.every((text, index) => text === others[index]);

const stringMember = (members: Members, key: string): string | undefined => {
  const value: unknown = JSON.parse(members.get(key) ?? 'null');
  return typeof value === 'string' ? value : undefined;
};

const bridgeOf = (members: Members): string | undefined =>
  stringMember(members, 'type') === 'bridge' ? stringMember(members, 'bridge') || defaultBridge : undefined;

/** Checks the members with which the bridge, macvlan, ipvlan, vlan and host-device plugins name an interface of the node. */
const refuseOwnLinks = (members: Members, {ownLinks}: NodeLimits): void => {
  const named = ['bridge', 'master', 'device'].map((key) => stringMember(members, key));
  const link = [...named, bridgeOf(members)].find((name) => name !== undefined && ownLinks.includes(name));
  if (link)
    throw new InvalidConfig(`uses ${link}, which belongs to the node's own network: choose another name`);
};

/** A delegated configuration has a name too, and host-local would take addresses of the network with that name. */
const refuseOwnNetworks = (members: Members, {ownNetworks}: NodeLimits): void => {
  const name = members.has('type') ? stringMember(members, 'name') : undefined;
  if (name !== undefined && ownNetworks.includes(name))
    throw new InvalidConfig(`delegates to ${name}, the node's own network: choose another name`);
};

const usesHostLocal = (plugin: Members, ipam: string): boolean =>
  ipam.startsWith('{') &&
  (stringMember(plugin, 'type') === 'host-local' || stringMember(rawMembers(ipam), 'type') === 'host-local');

const withLeaseDir = (ipam: string, ipamDir: string): string => {
  const members = rawMembers(ipam);
  const dataDir: unknown = JSON.parse(members.get('dataDir') ?? '""');
  if (dataDir === ipamDir) return ipam;
  if (dataDir !== '' && dataDir !== null)
    throw new InvalidConfig(
      `has host-local leases in ${JSON.stringify(dataDir)}: leave "dataDir" out, or set it to ${ipamDir}`,
    );
  return rawObject(new Map(members).set('dataDir', JSON.stringify(ipamDir)));
};
