/** What pods may select, besides what every pod gets. Each restriction has a flag with which an administrator lifts it. */
import {NotAllowed} from './errors.ts';
import {type NetworkSelection, networksAnnotation} from './network-selection.ts';

export interface SelectionPolicy {
  /** Whether the annotation may bind ports of the node. Neither PodSecurity nor the scheduler sees that. */
  readonly allowPortMappings: boolean;
  /** Whether pods may select the node's own network once more, up to 32 times, and take as many of its addresses. */
  readonly selectablePrimary: boolean;
  /** Namespaces whose definitions pods of all namespaces may select; `*` stands for all. */
  readonly sharedNamespaces: readonly string[];
}

export const refusePortMappings = (
  {name, capabilityArgs}: NetworkSelection,
  {allowPortMappings}: SelectionPolicy,
): void => {
  if (!allowPortMappings && 'portMappings' in capabilityArgs)
    throw new NotAllowed(
      `the annotation ${networksAnnotation} asks for portMappings on network ${name}: use hostPort in the pod spec (or --allow-port-mappings on the node)`,
    );
};

/** Before it is looked up, so that the answer does not tell which networks other namespaces have. */
export const refuseOtherNamespace = (
  {namespace, name}: NetworkSelection,
  podNamespace: string,
  {sharedNamespaces}: SelectionPolicy,
): void => {
  if (namespace === '' || namespace === podNamespace) return;
  if (!sharedNamespaces.includes(namespace) && !sharedNamespaces.includes('*'))
    throw new NotAllowed(
      `pods of namespace ${podNamespace} cannot select ${namespace}/${name}: namespace ${namespace} does not share its networks (or --shared-namespaces on the node)`,
    );
};

/** By the network's own name: leases, records and garbage collection go by it, whatever the definition is called. */
export const refusePrimary = (
  selected: string,
  primary: string,
  {selectablePrimary}: SelectionPolicy,
): void => {
  if (!selectablePrimary && selected === primary)
    throw new NotAllowed(
      `pods cannot select ${primary}, the node's own network, which they have as eth0 (or --selectable-primary on the node)`,
    );
};
