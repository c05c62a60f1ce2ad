/** The docker networks of an engine. */

import {z} from 'zod';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {readJson} from '../json.ts';

const inspectNodes: Command = ['docker', ['network', 'inspect', '--format', '{{json .}}', 'kind']];

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

const parseNetwork = (stdout: string): DockerNetwork => {
  const {Id, Options, IPAM} = readJson(printed, stdout, 'the output of docker network inspect');
  return {
    bridge: Options?.['com.docker.network.bridge.name'] ?? `br-${Id.slice(0, 12)}`,
    subnets: (IPAM.Config ?? []).map(({Subnet}) => Subnet),
  };
};

/** The network that kind creates for its nodes. Undefined before the first cluster, and without an engine. */
export const networkOfNodes = async (host: Host, signal: AbortSignal): Promise<DockerNetwork | undefined> => {
  try {
    return parseNetwork((await host.run(inspectNodes, {signal, timeout: 20_000})).stdout);
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return undefined;
  }
};
