/** Creates and updates the vxlan device, the local end of the tunnels to all other nodes. */
import {readFile} from 'node:fs/promises';
import {arrayOf, type JsonObject, objectOf, stringOf} from '../lib/json.ts';
import type {Exec} from '../process/exec.ts';
import {runTool, ToolFailed} from '../process/tool.ts';
import {NodeNotReady} from './errors.ts';
import {setTo} from './forwarding.ts';
import {familyOf, ofFamily} from './ip-address.ts';
import {runBatch} from './ip-batch.ts';
import {vxlanDevice, vxlanId, vxlanPort} from './vxlan.ts';

export interface VxlanDevice {
  /** The source address of tunnel packets. */
  readonly local: string;
  readonly mac: string;
  readonly mtu: number;
  /** Source addresses for traffic from the node to pods, so that answers return through the tunnel. */
  readonly addresses: readonly string[];
}

/** The output of `ip -json -details address show`; undefined without the device. */
export type ShownDevice = JsonObject | undefined;

/** Lines for `ip -batch`. Some settings cannot be changed: then a new device replaces the old one and its entries. */
export const linkChanges = (shown: ShownDevice, {local, mac, mtu}: VxlanDevice): string[] => {
  if (!shown || !isSameTunnel(shown, local)) {
    const tunnel = `type vxlan id ${vxlanId} local ${local} dstport ${vxlanPort} nolearning`;
    return [
      ...(shown ? [`link del ${vxlanDevice}`] : []),
      `link add ${vxlanDevice} address ${mac} mtu ${mtu} ${tunnel}`,
      `link set ${vxlanDevice} up`,
    ];
  }
  const isUp = arrayOf(shown['flags']).includes('UP');
  return [
    ...(shown['address'] === mac ? [] : [`link set ${vxlanDevice} address ${mac}`]),
    ...(shown['mtu'] === mtu ? [] : [`link set ${vxlanDevice} mtu ${mtu}`]),
    ...(isUp ? [] : [`link set ${vxlanDevice} up`]),
  ];
};

/** Lines for `ip -batch`, to run after `linkChanges`. */
export const addressChanges = (shown: ShownDevice, {local, addresses}: VxlanDevice): string[] => {
  const present = shown && isSameTunnel(shown, local) ? addressesOf(shown) : [];
  return [
    ...present.filter((ip) => !addresses.includes(ip)).map(addressRemoved),
    ...addresses.filter((ip) => !present.includes(ip)).map(addressAdded),
  ];
};

/** Throws NodeNotReady if the kernel does not support vxlan. */
export const applyDevice = async (exec: Exec, wanted: VxlanDevice): Promise<void> => {
  const shown = await shownDevice(exec);
  try {
    await runBatch(exec, 'ip', linkChanges(shown, wanted));
  } catch (error) {
    if (error instanceof ToolFailed && /unknown device type|not supported/i.test(error.message))
      throw new NodeNotReady('VxlanUnavailable', 'the kernel does not support vxlan');
    throw error;
  }
  // A node may disable IPv6 for new interfaces.
  if (ofFamily(wanted.addresses, 6)) await setTo(`/proc/sys/net/ipv6/conf/${vxlanDevice}/disable_ipv6`, '0');
  await runBatch(exec, 'ip', addressChanges(shown, wanted));
};

export const removeDevice = async (exec: Exec): Promise<void> => {
  if (await isPresent()) await runTool(exec, 'ip', ['link', 'del', vxlanDevice]);
};

const isSameTunnel = (shown: JsonObject, local: string): boolean => {
  const info = objectOf(shown['linkinfo']);
  const data = objectOf(info['info_data']);
  return (
    info['info_kind'] === 'vxlan' &&
    data['id'] === vxlanId &&
    data['port'] === vxlanPort &&
    data['learning'] === false &&
    (data['local'] ?? data['local6']) === local
  );
};

const addressesOf = (shown: JsonObject): string[] =>
  arrayOf(shown['addr_info'])
    .map(objectOf)
    .filter(({scope}) => scope === 'global')
    .flatMap(({local}) => stringOf(local) ?? []);

const prefixed = (ip: string) => (familyOf(ip) === 4 ? `${ip}/32` : `${ip}/128`);
const addressAdded = (ip: string) =>
  `address add ${prefixed(ip)} dev ${vxlanDevice}${familyOf(ip) === 6 ? ' nodad' : ''}`;
const addressRemoved = (ip: string) => `address del ${prefixed(ip)} dev ${vxlanDevice}`;

const shownDevice = async (exec: Exec): Promise<ShownDevice> => {
  if (!(await isPresent())) return undefined;
  const shown = await runTool(exec, 'ip', ['-json', '-details', 'address', 'show', 'dev', vxlanDevice]);
  return objectOf(arrayOf(JSON.parse(shown))[0]);
};

/** Not /sys, which may belong to another network namespace. */
const isPresent = async (): Promise<boolean> =>
  (await readFile('/proc/net/dev', 'utf8'))
    .split('\n')
    .some((line) => line.trim().startsWith(`${vxlanDevice}:`));
