/** Restricts which networks pods may select. An administrator can lift each restriction with a flag. */
import {NotAllowed} from './errors.ts';
import {type NetworkSelection, networksAnnotation} from './network-selection.ts';

export interface SelectionPolicy {
  /** Whether the annotation may bind ports of the node. Neither PodSecurity nor the scheduler checks the annotation. */
  readonly allowPortMappings: boolean;
  /** Whether pods may also select the node's own network, up to 32 times, and take an address each time. */
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
      `the annotation ${networksAnnotation} requests portMappings on network ${name}: use hostPort in the pod spec (an administrator can allow it with --allow-port-mappings)`,
    );
};

/** Call it before the lookup, so that the answer does not reveal which networks other namespaces have. */
export const refuseOtherNamespace = (
  {namespace, name}: NetworkSelection,
  podNamespace: string,
  {sharedNamespaces}: SelectionPolicy,
): void => {
  if (namespace === '' || namespace === podNamespace) return;
  if (!sharedNamespaces.includes(namespace) && !sharedNamespaces.includes('*'))
    throw new NotAllowed(
      `pods of namespace ${podNamespace} cannot select ${namespace}/${name}: namespace ${namespace} does not share its networks (an administrator can allow it with --shared-namespaces)`,
    );
};

/** Compares the names in the configurations: leases, records and garbage collection use them, not the definition's name. */
export const refusePrimary = (
  selected: string,
  primary: string,
  {selectablePrimary}: SelectionPolicy,
): void => {
  if (!selectablePrimary && selected === primary)
    throw new NotAllowed(
      `pods cannot select ${primary}: it is the node's own network, which pods have as eth0 (an administrator can allow it with --selectable-primary)`,
    );
};
