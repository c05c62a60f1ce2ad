/** Finds the bridges of a network. */
import type {Conflist, PluginConfig} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';

/** The bridge plugin's default. */
export const defaultBridge = 'cni0';

export const bridgesOf = ({plugins}: Conflist): string[] => plugins.flatMap(bridgeOf);

/** Bridges whose leases are in our directory. Other bridges may have interfaces of another container runtime. */
export const ownBridgesOf = ({plugins}: Conflist, ipamDir: string): string[] =>
  plugins.flatMap((plugin) => {
    const ipam = hostLocalOf(plugin);
    return ipam && leaseDirOf(ipam) === ipamDir ? bridgeOf(plugin) : [];
  });

const bridgeOf = ({type, members}: PluginConfig): string[] => {
  if (type !== 'bridge') return [];
  const bridge: unknown = JSON.parse(members.get('bridge') ?? 'null');
  return [typeof bridge === 'string' && bridge !== '' ? bridge : defaultBridge];
};
