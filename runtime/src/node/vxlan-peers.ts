/** Sets the kernel's forwarding and neighbour entries for the other nodes on the tunnel device. */

import {arrayOf, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {NodeNotReady} from './errors.ts';
import {runBatch} from './ip-batch.ts';
import {applyRoutes, protocol} from './routes.ts';
import {type ForwardingEntry, isTunnelMac, type Neighbour, type Overlay, vxlanDevice} from './vxlan.ts';

/** Lines for `bridge -batch`. Entries with a foreign MAC address are kept. */
export const forwardingChanges = (
  present: readonly ForwardingEntry[],
  wanted: readonly ForwardingEntry[],
): string[] => {
  const replaced = wanted.filter(({mac, to}) => !present.some((each) => each.mac === mac && each.to === to));
  const stale = present.filter(({mac}) => isTunnelMac(mac) && !wanted.some((each) => each.mac === mac));
  return [
    ...stale.map(({mac, to}) => `fdb del ${mac} dev ${vxlanDevice} dst ${to} self`),
    ...replaced.map(({mac, to}) => `fdb replace ${mac} dev ${vxlanDevice} dst ${to} self permanent`),
  ];
};

/** Lines for `ip -batch`. */
export const neighbourChanges = (present: readonly Neighbour[], wanted: readonly Neighbour[]): string[] => {
  const replaced = wanted.filter(({ip, mac}) => !present.some((each) => each.ip === ip && each.mac === mac));
  const stale = present.filter(({ip}) => !wanted.some((each) => each.ip === ip));
  return [
    ...stale.map(({ip}) => `neigh del ${ip} dev ${vxlanDevice}`),
    ...replaced.map(
      ({ip, mac}) =>
        `neigh replace ${ip} lladdr ${mac} dev ${vxlanDevice} nud permanent protocol ${protocol}`,
    ),
  ];
};

export const applyOverlay = async (exec: Exec, {forwarding, neighbours, routes}: Overlay): Promise<void> => {
  // Continues after a failure. Routes come last, because they need the entries.
  const failures = [
    await failureOf(async () => {
      await runBatch(exec, 'bridge', forwardingChanges(await presentForwarding(exec), forwarding));
    }),
    await failureOf(async () => {
      await runBatch(exec, 'ip', neighbourChanges(await presentNeighbours(exec), neighbours));
    }),
    await failureOf(() => applyRoutes(exec, routes)),
  ];
  const failed = failures.filter((failure) => failure !== undefined);
  if (failed.length > 0) throw failed[0];
};

/** Throws NodeNotReady without the program `bridge`. */
export const requireBridgeTool = async (exec: Exec): Promise<void> => {
  const ending = await exec({file: 'bridge', args: ['-Version'], timeoutMs: 10_000});
  if (ending.kind === 'not-started')
    throw new NodeNotReady(
      'VxlanUnavailable',
      'vxlan needs the program `bridge` of iproute2, which cannot be started',
    );
};

const failureOf = async (work: () => Promise<void>): Promise<Error | undefined> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
};

const presentForwarding = async (exec: Exec): Promise<ForwardingEntry[]> => {
  const entries = await shown(exec, 'bridge', ['fdb', 'show', 'dev', vxlanDevice]);
  return entries.map(({mac, dst}) => ({mac: stringOf(mac) ?? '', to: stringOf(dst) ?? ''}));
};

const presentNeighbours = async (exec: Exec): Promise<Neighbour[]> => {
  const entries = await shown(exec, 'ip', ['neigh', 'show', 'dev', vxlanDevice, 'nud', 'permanent']);
  return entries
    .filter((entry) => entry['protocol'] === protocol)
    .map(({dst, lladdr}) => ({ip: stringOf(dst) ?? '', mac: stringOf(lladdr) ?? ''}));
};

const shown = async (exec: Exec, tool: string, args: readonly string[]): Promise<JsonObject[]> =>
  arrayOf(JSON.parse((await runTool(exec, tool, ['-json', ...args])) || '[]')).map(objectOf);
