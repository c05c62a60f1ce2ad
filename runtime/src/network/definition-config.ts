/**
 * Fits the configuration of a NetworkAttachmentDefinition to the node: host-local gets the lease directory of the node, and
 * what would use the node's own network or links is refused. This stops accidents only: whoever writes definitions chooses
 * which programs run as root, with any arguments. All else passes through as it is written.
 */
import {InvalidConfig} from '../cni/errors.ts';
import {rawElements, rawMembers, rawObject} from '../cni/raw-json.ts';
import {defaultBridge} from './bridges.ts';

export interface NodeLimits {
  /** `dataDir` of host-local. Leases elsewhere would never be released after a crash. */
  readonly ipamDir: string;
  /** Interfaces of the node's own network. */
  readonly ownLinks: readonly string[];
  /** Networks that delegated plugins must not be told to be of. */
  readonly ownNetworks: readonly string[];
}

/** Deeper text is not a configuration, and looking through it takes long. */
const deepest = 32;

/** `config` is JSON. Also looks into what plugins delegate to other plugins, whatever they call it. */
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
  if (depth > 0) refuseOwnNetworks(members, limits); // the outermost name is the policy's to judge
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

const textOf = (members: Members, key: string): string | undefined => {
  const value: unknown = JSON.parse(members.get(key) ?? 'null');
  return typeof value === 'string' ? value : undefined;
};

const bridgeOf = (members: Members): string | undefined =>
  textOf(members, 'type') === 'bridge' ? textOf(members, 'bridge') || defaultBridge : undefined;

/** The members by which the bridge, macvlan, ipvlan, vlan and host-device plugins name an interface of the node. */
const refuseOwnLinks = (members: Members, {ownLinks}: NodeLimits): void => {
  const named = ['bridge', 'master', 'device'].map((key) => textOf(members, key));
  const link = [...named, bridgeOf(members)].find((name) => name !== undefined && ownLinks.includes(name));
  if (link)
    throw new InvalidConfig(`uses ${link}, which belongs to the node's own network: choose another name`);
};

/** A configuration that one plugin hands to another has a name, too, and host-local would take addresses by it. */
const refuseOwnNetworks = (members: Members, {ownNetworks}: NodeLimits): void => {
  const name = members.has('type') ? textOf(members, 'name') : undefined;
  if (name !== undefined && ownNetworks.includes(name))
    throw new InvalidConfig(`delegates to ${name}, the node's own network: choose another name`);
};

const usesHostLocal = (plugin: Members, ipam: string): boolean =>
  ipam.startsWith('{') &&
  (textOf(plugin, 'type') === 'host-local' || textOf(rawMembers(ipam), 'type') === 'host-local');

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
