/** Finds the network that a pod selects by name: a NetworkAttachmentDefinition or a network configuration of the node. */
import {findNetwork} from '../cni/conf-dir.ts';
import {type Conflist, parseConflist, parseSinglePlugin} from '../cni/conflist.ts';
import {InvalidConfig} from '../cni/errors.ts';
import {rawMembers, rawObject} from '../cni/raw-json.ts';
import {isObject} from '../lib/json.ts';
import type {Networks} from './attachments.ts';
import {bridgesOf} from './bridges.ts';
import {fitToNode, type NodeLimits} from './definition-config.ts';
import {NetworkUnavailable} from './errors.ts';
import type {NetworkSelection} from './network-selection.ts';
import {
  refuseOtherNamespace,
  refusePortMappings,
  refusePrimary,
  type SelectionPolicy,
} from './selection-policy.ts';

/** Answers from memory, without calling the API server. `config` is empty when the node has a network of the same name. */
export type DefinitionOf = (namespace: string, name: string) => {readonly config: string} | undefined;

export interface NamedNetworkOptions {
  readonly confDir: string;
  readonly definitionOf: DefinitionOf;
  readonly policy: SelectionPolicy;
  /** `dataDir` of host-local. */
  readonly ipamDir: string;
  /** Interfaces of the node's own network, besides the bridges in its configuration. */
  readonly ownLinks: readonly string[];
}

export const createNamedNetwork = ({
  confDir,
  definitionOf,
  policy,
  ipamDir,
  ownLinks,
}: NamedNetworkOptions): Networks['named'] => {
  const limitsOf = (primary: Conflist): NodeLimits => ({
    ipamDir,
    ownLinks: [...ownLinks, ...bridgesOf(primary)],
    ownNetworks: policy.selectablePrimary ? [] : [primary.name],
  });
  const find = ({namespace, name}: NetworkSelection, podNamespace: string, primary: Conflist): Conflist => {
    const definition = definitionOf(namespace || podNamespace, name);
    if (definition?.config) return conflistFrom(definition.config, name, limitsOf(primary));
    // A network of the node has no namespace, so a selection with a namespace does not match it.
    const ofNode = definition || !namespace ? findNetwork(confDir, name) : undefined;
    if (!ofNode) throw new NetworkUnavailable(namespace ? `${namespace}/${name}` : name);
    return ofNode;
  };
  return (selection, podNamespace, primary) => {
    refusePortMappings(selection, policy);
    refuseOtherNamespace(selection, podNamespace, policy);
    const found = find(selection, podNamespace, primary);
    refusePrimary(found.name, primary.name, policy);
    return found;
  };
};

/** `config` is a plugin list or a single plugin. If it has no name, it gets the name of the definition. */
const conflistFrom = (config: string, name: string, limits: NodeLimits): Conflist => {
  try {
    const text = fitToNode(withName(config, name), limits);
    return 'plugins' in Object(JSON.parse(text)) ? parseConflist(text) : parseSinglePlugin(text);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    throw new InvalidConfig(`the NetworkAttachmentDefinition ${name} ${error.message}`, {cause: error.cause});
  }
};

const withName = (config: string, name: string): string => {
  let value: unknown;
  try {
    value = JSON.parse(config);
  } catch (error) {
    throw new InvalidConfig('is not valid JSON', {cause: error});
  }
  if (!isObject(value)) throw new InvalidConfig('is not a JSON object');
  if ('name' in value) return config;
  return rawObject([['name', JSON.stringify(name)], ...rawMembers(config)]);
};
