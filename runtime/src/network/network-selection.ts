/**
 * Reads which further networks a pod selects: the annotation of the Kubernetes Network Custom Resource Definition
 * De-facto Standard, version 1.3, section 4.1.
 */
import {isInterfaceName} from '../cni/interface-name.ts';
import {arrayOf, isObject, type JsonObject} from '../lib/json.ts';
import {capabilityChecks} from './capability-checks.ts';
import {InvalidRequest} from './errors.ts';
import type {CapabilityArgs} from './record.ts';

export const networksAnnotation = 'k8s.v1.cni.cncf.io/networks';

export interface NetworkSelection {
  /** Empty means: the pod's namespace, or a network configuration of the node. */
  readonly namespace: string;
  readonly name: string;
  /** Name of the interface in the pod. */
  readonly ifName: string;
  /** The network must support all of them. */
  readonly capabilityArgs: CapabilityArgs;
}

const mostNetworks = 32;
const label = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const networkName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,252}$/;

/** In the order of the annotation. `taken`: names of interfaces that the pod has already. */
export const networkSelectionsFrom = (
  annotation: string | undefined,
  taken: readonly string[],
): NetworkSelection[] => {
  const text = annotation?.trim() ?? '';
  if (text === '') return [];
  const elements = text.startsWith('[') ? parseList(text) : text.split(',').map(parseShort);
  if (elements.length > mostNetworks) throw invalid(`names more than ${mostNetworks} networks`);
  const selections = elements.map((element, index) => selectionFrom(element, `net${index + 1}`));
  const names = [...taken, ...selections.map(({ifName}) => ifName)];
  if (new Set(names).size < names.length) throw invalid('gives two interfaces the same name');
  return selections;
};

const invalid = (why: string): InvalidRequest =>
  new InvalidRequest(`the annotation ${networksAnnotation} ${why}`);

const parseList = (text: string): JsonObject[] => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw invalid('is not valid JSON');
  }
  const elements = arrayOf(list);
  if (!elements.every(isObject)) throw invalid('is not a list of objects');
  return elements.filter(isObject);
};

/** `[namespace/]name[@interface]` */
const parseShort = (text: string): JsonObject => {
  const match = /^(?:(?<namespace>[^/@]+)\/)?(?<name>[^/@]+)(?:@(?<ifName>[^/@]+))?$/.exec(text.trim());
  if (!match?.groups) throw invalid('is not of the form [namespace/]name[@interface]');
  const {namespace, name, ifName} = match.groups;
  return {name, ...(namespace && {namespace}), ...(ifName && {interface: ifName})};
};

const selectionFrom = (element: JsonObject, defaultName: string): NetworkSelection => {
  for (const key of ['default-route', 'cni-args', 'device-id'])
    if (key in element) throw invalid(`has ${key}, which is not supported`);
  const name = textIn(element, 'name') ?? '';
  const namespace = textIn(element, 'namespace') ?? '';
  const ifName = textIn(element, 'interface') ?? defaultName;
  if (!networkName.test(name)) throw invalid('has an invalid network name');
  if (namespace !== '' && !label.test(namespace)) throw invalid('has an invalid namespace');
  if (!isInterfaceName(ifName)) throw invalid('has an invalid interface name');
  return {namespace, name, ifName, capabilityArgs: capabilityArgsOf(element)};
};

/** Refuses a wrong type: ignoring it would select another network or interface than the pod requests. */
const textIn = (element: JsonObject, key: string): string | undefined => {
  const value = element[key];
  if (value !== undefined && typeof value !== 'string')
    throw invalid(`has an invalid element: ${key} must be a string`);
  return value;
};

/** Keys of an element that are capability arguments, and their names in CNI. */
const capabilityKeys = [
  ['ips', 'ips'],
  ['mac', 'mac'],
  ['infiniband-guid', 'infinibandGUID'],
  ['bandwidth', 'bandwidth'],
  ['portMappings', 'portMappings'],
] as const;

const capabilityArgsOf = (element: JsonObject): CapabilityArgs => {
  const args: Record<string, unknown> = {};
  for (const [key, capability] of capabilityKeys) {
    const value = element[key];
    if (value === undefined) continue;
    const problem = capabilityChecks[capability](value, key);
    if (problem) throw invalid(`has an invalid element: ${problem}`);
    args[capability] = value;
  }
  return args;
};
