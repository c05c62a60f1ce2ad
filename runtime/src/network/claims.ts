/** What the records lay claim to on the node: all else has lost its owner. */
import type {ValidAttachment} from '../cni/invocation.ts';
import {hostInterfacesOf} from '../cni/result.ts';
import {slices} from '../lib/slices.ts';
import type {RecordIndex} from './record-index.ts';

export interface Claims {
  /** Texts of the configurations that it is attached by. */
  readonly configs: ReadonlySet<string>;
  /** Names of interfaces on the node's side. */
  readonly hostInterfaces: ReadonlySet<string>;
  /** By the name of the network. */
  readonly attached: ReadonlyMap<string, readonly ValidAttachment[]>;
}

/** For when records do not change: calls that do not change them are answered meanwhile. */
export const claimsOf = async (records: RecordIndex): Promise<Claims> => {
  const configs = new Set<string>();
  const hostInterfaces = new Set<string>();
  const attached = new Map<string, ValidAttachment[]>();
  for await (const some of slices([...records.all()]))
    for (const {sandbox = '', attachments} of some)
      for (const attachment of attachments) {
        const {network, ifName, config} = attachment;
        configs.add(config);
        for (const name of hostInterfacesOf(attachment)) hostInterfaces.add(name);
        const ofNetwork = attached.get(network) ?? [];
        ofNetwork.push({containerID: sandbox, ifname: ifName});
        attached.set(network, ofNetwork);
      }
  return {configs, hostInterfaces, attached};
};
