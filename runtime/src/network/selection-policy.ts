/** What pods may select, besides what every pod gets. Each restriction has a flag with which an administrator lifts it. */
import {NotAllowed} from './errors.ts';
import {type NetworkSelection, networksAnnotation} from './network-selection.ts';

export interface SelectionPolicy {
  /** Whether the annotation may bind ports of the node. Neither PodSecurity nor the scheduler sees that. */
  readonly allowPortMappings: boolean;
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
