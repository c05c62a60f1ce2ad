/** Finds the configuration that the DEL of an ADD which never finished may use in place of the pinned one. */
import type {Attachment} from '../cni/attachment.ts';
import {type Conflist, type PluginConfig, parseConflist} from '../cni/conflist.ts';
import {objectOf, stringOf} from '../lib/json.ts';
import type {Networks} from './attachments.ts';
import type {PodRef} from './pod-ref.ts';

/** The network's configuration as it is now; `undefined` when it is missing or invalid. */
export const currentConfigOf = (
  networks: Networks,
  {selected, ifName}: Attachment,
  {namespace}: PodRef,
): Conflist | undefined => {
  try {
    const primary = networks.primary();
    if (!selected) return primary;
    // Whether the pod may ask for its capabilities was decided when it was attached.
    return networks.named({...selected, ifName, capabilityArgs: {}}, namespace, primary);
  } catch {
    return undefined;
  }
};

/**
 * Corrects a mistake in the configuration that made ADD fail, and makes DEL fail as well. Only for a configuration of the
 * same plugins and the same leases: after an edit that removes a plugin, or its IPAM, nothing would be released.
 */
export const withCurrentConfig = (attachment: Attachment, current: Conflist | undefined): Attachment => {
  if (attachment.result !== undefined || !current) return attachment;
  return identityOf(current) === identityOf(parseConflist(attachment.config))
    ? {...attachment, config: current.text}
    : attachment;
};

const identityOf = ({name, plugins}: Conflist): string =>
  JSON.stringify([name, plugins.map(identityOfPlugin)]);

const identityOfPlugin = ({type, ipamType, members}: PluginConfig) => [
  type,
  ipamType,
  stringOf(objectOf(JSON.parse(members.get('ipam') ?? '{}'))['dataDir']),
];
