/** Collects the interfaces, configurations and attachments of all records. Reconcile treats all others as orphaned. */
import type {ValidAttachment} from '../cni/invocation.ts';
import {hostInterfacesOf} from '../cni/result.ts';
import type {RecordIndex} from './record-index.ts';

export interface Claims {
  /** Texts of the configurations in use. */
  readonly configs: ReadonlySet<string>;
  /** Names of interfaces on the node. */
  readonly hostInterfaces: ReadonlySet<string>;
  /** By network name. */
  readonly attached: ReadonlyMap<string, readonly ValidAttachment[]>;
}

export const claimsOf = (records: RecordIndex): Claims => {
  const configs = new Set<string>();
  const hostInterfaces = new Set<string>();
  const attached = new Map<string, ValidAttachment[]>();
  for (const {sandbox = '', attachments} of records.all())
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
