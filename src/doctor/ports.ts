/** Checks the ports of this machine that stopped nodes need: docker cannot start a node whose port another program uses. */

import {createServer} from 'node:net';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import type {Status} from '../status/gather.ts';
import {errorCodeOf} from '../thrown.ts';
import {inspectPorts, type PublishedPort, parsePorts} from '../tools/docker.ts';
import type {CheckResult} from './checks.ts';

/** kind chooses a free port for the API server of a new cluster, so only stopped nodes need a certain port. */
export const portCheck = async (
  host: Host,
  {clusters}: Pick<Status, 'clusters'>,
  signal: AbortSignal,
): Promise<CheckResult> => {
  const nodes = clusters.flatMap((cluster) => cluster.nodes);
  const stopped = nodes.filter(({container}) => container === 'stopped').map(({name}) => name);
  const ports = stopped.length === 0 ? [] : await portsOf(host, stopped, signal);
  const taken: PublishedPort[] = [];
  for (const port of ports) if (await isTaken(port)) taken.push(port);
  if (taken.length === 0) {
    const message = ports.length === 0 ? 'none needed' : `free: ${ports.map(textOf).join(', ')}`;
    return {name: 'ports', kind: 'ok', message};
  }
  return {
    name: 'ports',
    kind: 'problem',
    message: `another program uses ${taken.map((port) => `${textOf(port)} of ${port.node}`).join(', ')}`,
    fix: taken.map(({port}) => `end the program: ss -ltnp 'sport = :${port}'`).join('\n'),
  };
};

/** Empty if a node has been removed in the meantime. */
const portsOf = async (
  host: Host,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<readonly PublishedPort[]> => {
  try {
    return parsePorts((await host.run(inspectPorts(nodes), {signal})).stdout);
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return [];
  }
};

const textOf = ({address, port}: PublishedPort): string => `${address}:${port}`;

/** Whether a program listens there. */
const isTaken = ({address, port}: PublishedPort): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCodeOf(error) === 'EADDRINUSE'));
    server.listen({host: address, port}, () => server.close(() => resolve(false)));
  });
