/** Finds the configuration that DEL may use instead of the recorded one, if its ADD did not finish. */
import type {Attachment} from '../cni/attachment.ts';
import {type Conflist, type PluginConfig, parseConflist} from '../cni/conflist.ts';
import {objectOf, stringOf} from '../lib/json.ts';
import type {Networks} from './attachments.ts';
import type {PodRef} from './pod-ref.ts';

/** Returns the network's current configuration; `undefined` when it is missing or invalid. */
export const currentConfigOf = (
  networks: Networks,
  {selected, ifName}: Attachment,
  {namespace}: PodRef,
): Conflist | undefined => {
  try {
    const primary = networks.primary();
    if (!selected) return primary;
    // No capabilities: the policy for them applies at Attach only.
    return networks.named({...selected, ifName, capabilityArgs: {}}, namespace, primary);
  } catch {
    return undefined;
  }
};

/**
 * A mistake in the configuration can make both ADD and DEL fail, so DEL uses the corrected one. The plugins and the lease
 * directories must be the same: without the removed plugin or IPAM, nothing would be released.
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
