/** The bridges that only our own pods are on. */
import type {Conflist} from '../cni/conflist.ts';
import {hostLocalOf, leaseDirOf} from '../cni/leases.ts';

/** Those whose addresses are kept with us: a bridge that is shared with others has interfaces that we know nothing of. */
export const ownBridgesOf = ({plugins}: Conflist, ipamDir: string): string[] =>
  plugins.flatMap((plugin) => {
    const bridge = plugin.type === 'bridge' ? plugin.members.get('bridge') : undefined;
    const ipam = hostLocalOf(plugin);
    return bridge && ipam && leaseDirOf(ipam) === ipamDir ? [String(JSON.parse(bridge))] : [];
  });
