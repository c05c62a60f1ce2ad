/** The docker networks of an engine. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

/** The network that kind creates for its nodes. */
export const networkOfNodes = 'kind';

/** Prints JSON. Fails if the network does not exist. */
export const inspectNetwork = (name: string): Command => [
  'docker',
  ['network', 'inspect', '--format', '{{json .}}', name],
];

export interface DockerNetwork {
  /** The bridge on the machine of the engine. */
  readonly bridge: string;
  /** CIDRs of IPv4 and IPv6. */
  readonly subnets: readonly string[];
}

const printed = z.object({
  Id: z.string(),
  Options: z.record(z.string(), z.string()).nullish(),
  IPAM: z.object({Config: z.array(z.object({Subnet: z.string()})).nullish()}),
});

export const parseNetwork = (stdout: string): DockerNetwork => {
  const {Id, Options, IPAM} = readJson(printed, stdout, 'the output of docker network inspect');
  return {
    bridge: Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`,
    subnets: (IPAM.Config ?? []).map(({Subnet}) => Subnet),
  };
};
