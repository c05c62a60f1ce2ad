/** The bridges that pods of a network are on. */
import type {Conflist, PluginConfig} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';

/** As the bridge plugin calls its bridge where the configuration does not name it. */
export const defaultBridge = 'cni0';

export const bridgesOf = ({plugins}: Conflist): string[] => plugins.flatMap(bridgeOf);

/** Those whose addresses are kept with us: a bridge that is shared with others has interfaces that we know nothing of. */
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
