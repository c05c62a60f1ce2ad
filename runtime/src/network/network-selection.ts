/**
 * Reads which further networks a pod asks for: the annotation of the Kubernetes Network Custom Resource Definition
 * De-facto Standard, version 1.3, section 4.1.
 */
import {isIP} from 'node:net';
import {isInterfaceName} from '../cni/interface-name.ts';
import {arrayOf, isObject, type JsonObject, stringOf} from '../json.ts';
import {InvalidRequest} from './errors.ts';
import type {CapabilityArgs} from './record.ts';

export const networksAnnotation = 'k8s.v1.cni.cncf.io/networks';

export interface NetworkSelection {
  /** Empty when the pod does not say: its own then, or a network configuration of the node. */
  readonly namespace: string;
  readonly name: string;
  /** Of the interface in the pod. */
  readonly ifName: string;
  /** What is asked of the network; it must be able to honour all of it. */
  readonly capabilityArgs: CapabilityArgs;
}

const mostNetworks = 32;
const label = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const networkName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,252}$/;
const macAddress = /^(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/;

/** In the order asked. `taken` are the names of interfaces that the pod has anyway. */
export const networkSelectionsFrom = (
  annotation: string | undefined,
  taken: readonly string[],
): NetworkSelection[] => {
  const text = annotation?.trim() ?? '';
  if (text === '') return [];
  const elements = text.startsWith('[') ? parsedList(text) : text.split(',').map(parseShort);
  if (elements.length > mostNetworks) throw invalid(`names more than ${mostNetworks} networks`);
  const selections = elements.map((element, index) => selectionFrom(element, `net${index + 1}`));
  const names = [...taken, ...selections.map(({ifName}) => ifName)];
  if (new Set(names).size < names.length) throw invalid('gives two interfaces the same name');
  return selections;
};

const invalid = (why: string): InvalidRequest =>
  new InvalidRequest(`the annotation ${networksAnnotation} ${why}`);

const parsedList = (text: string): JsonObject[] => {
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

const selectionFrom = (element: JsonObject, usualName: string): NetworkSelection => {
  for (const key of ['default-route', 'cni-args', 'device-id'])
    if (key in element) throw invalid(`asks for ${key}, which is not supported`);
  const name = stringOf(element['name']) ?? '';
  const namespace = stringOf(element['namespace']) ?? '';
  const ifName = stringOf(element['interface']) ?? usualName;
  if (!networkName.test(name)) throw invalid('names a network that cannot be one');
  if (namespace !== '' && !label.test(namespace)) throw invalid('names a namespace that cannot be one');
  if (!isInterfaceName(ifName)) throw invalid('names an interface that cannot be one');
  return {namespace, name, ifName, capabilityArgs: capabilityArgsOf(element)};
};

/** CNI conventions, "Dynamic plugin specific fields". */
const capabilityArgsOf = (element: JsonObject): CapabilityArgs => {
  const mac = element['mac'];
  const guid = element['infiniband-guid'];
  const ips = element['ips'];
  if (mac !== undefined && !(typeof mac === 'string' && macAddress.test(mac)))
    throw invalid('asks for a mac that is none');
  if (ips !== undefined && !(Array.isArray(ips) && ips.length > 0 && ips.every(isAddress)))
    throw invalid('asks for ips that are none');
  if (guid !== undefined && !(typeof guid === 'string' && /^[0-9a-fA-F:]{1,64}$/.test(guid)))
    throw invalid('asks for an infiniband-guid that is none');
  return {
    ...(ips !== undefined && {ips}),
    ...(mac !== undefined && {mac}),
    ...(guid !== undefined && {infinibandGUID: guid}),
    ...(isObject(element['bandwidth']) && {bandwidth: element['bandwidth']}),
    ...(Array.isArray(element['portMappings']) && {portMappings: element['portMappings']}),
  };
};

/** With or without a prefix length. */
const isAddress = (address: unknown): boolean => {
  const [ip = '', bits, ...rest] = typeof address === 'string' ? address.split('/') : [];
  const family = isIP(ip);
  const most = family === 4 ? 32 : 128;
  return (
    family !== 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most))
  );
};
