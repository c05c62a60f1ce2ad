/** Finds the host-local configurations of a network, also those that a plugin hands to another plugin. */
import {readFileSync} from 'node:fs';
import type {Conflist, PluginConfig} from '../cni/conflist.ts';
import {hostLocalOf} from '../cni/leases.ts';
import {arrayOf, isObject, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {ReadPaths} from '../lib/unchanged.ts';
import {cidrFrom} from './ip-address.ts';

export interface HostLocal {
  /** The network under whose name host-local keeps the leases. */
  readonly network: string;
  readonly ipam: JsonObject;
}

/** `paths` learns the files that were read. */
export const hostLocalsOf = ({name, plugins}: Conflist, paths: ReadPaths): readonly HostLocal[] =>
  plugins.flatMap((plugin): readonly HostLocal[] => {
    const own = hostLocalOf(plugin);
    if (own) return [{network: name, ipam: own}];
    return ofDelegating({network: name, type: plugin.type, member: memberOf(plugin)}, paths);
  });

interface Delegating {
  readonly network: string;
  readonly type: string;
  readonly member: (name: string) => unknown;
}

const memberOf =
  ({members}: PluginConfig) =>
  (name: string): unknown =>
    JSON.parse(members.get(name) ?? 'null');

const ofDelegating = ({network, type, member}: Delegating, paths: ReadPaths): readonly HostLocal[] => {
  if (type === 'flannel') return ofFlannel(network, stringOf(member('subnetFile')), paths);
  if (type !== 'multus') return [];
  // The first delegate configures eth0.
  const [first] = arrayOf(member('delegates'));
  const delegate = objectOf(first);
  const inner = stringOf(delegate['name']) || network;
  const plugins = 'plugins' in delegate ? arrayOf(delegate['plugins']).filter(isObject) : [delegate];
  return plugins.flatMap((plugin): readonly HostLocal[] => {
    const ipam = objectOf(plugin['ipam']);
    if (ipam['type'] === 'host-local') return [{network: inner, ipam}];
    return ofDelegating(
      {network: inner, type: stringOf(plugin['type']) || '', member: (name) => plugin[name]},
      paths,
    );
  });
};

/** flannel's plugin gives the range of this file to host-local. The file is written when flanneld starts. */
const ofFlannel = (
  network: string,
  subnetFile: string | undefined,
  paths: ReadPaths,
): readonly HostLocal[] => {
  const path = subnetFile || '/run/flannel/subnet.env';
  paths.add(path);
  const subnet = cidrFrom(/^FLANNEL_SUBNET=(\S+)$/m.exec(textOf(path))?.[1]);
  return subnet === undefined ? [] : [{network, ipam: {subnet}}];
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
