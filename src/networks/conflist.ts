/** A CNI configuration of the user, which kni-demo writes on each node with the podCIDR of that node. */

import {z} from 'zod';
import {cniName, type Leftovers, linkName, ownNetwork, removedPath} from './network.ts';

const program = z.string().regex(/^\w[\w.-]*$/, 'must be the name of a program');
const ipam = z.looseObject({
  type: program.optional(),
  dataDir: removedPath.optional(),
});
const plugin = z.looseObject({
  type: program,
  bridge: linkName.optional(),
  ipam: ipam.optional(),
});
const list = z.looseObject({
  cniVersion: z.string(),
  name: cniName,
  plugins: z.array(plugin).min(1, 'must name at least one plugin'),
});

export interface UserConflist {
  readonly cniName: string;
  /** The programs that it needs, those for IPAM included. */
  readonly programs: readonly string[];
  readonly leftovers: Leftovers;
}

/** Placeholders for the node's podCIDR: as in the `conf_template` of containerd, and as Calico writes it for host-local. */
const placeholders = /\{\{ *\.PodCIDR *\}\}|usePodCidr/g;

export const fillPodCidr = (text: string, podCidr: string): string =>
  text.replaceAll(placeholders, () => podCidr);

/** A list of plugins, or a single plugin as before CNI 1.0. Throws Error whose message says what is wrong. */
export const parseUserConflist = (text: string): UserConflist => {
  const value: unknown = JSON.parse(text);
  const single = plugin
    .extend({name: z.string().optional(), cniVersion: z.string().optional()})
    .safeParse(value);
  const {name, plugins} = list.parse(
    single.success
      ? {cniVersion: single.data.cniVersion ?? '0.2.0', name: single.data.name, plugins: [single.data]}
      : value,
    {reportInput: true},
  );
  if (name === ownNetwork) throw new Error(`name: ${ownNetwork} is the network of kni-demo itself`);
  const bridges = plugins.flatMap(({type, bridge}) => (type === 'bridge' ? [bridge ?? 'cni0'] : []));
  const pools = plugins.flatMap((each) => (each.ipam?.type === 'host-local' ? [each.ipam] : []));
  return {
    cniName: name,
    programs: [...new Set(plugins.flatMap(({type, ipam: own}) => [type, own?.type ?? []].flat()))],
    leftovers: {
      links: bridges,
      paths: [],
      state: pools.map(({dataDir}) => `${dataDir ?? '/var/lib/cni/networks'}/${name}`),
      // DEL keeps the chains of all pods. CNI-ADMIN stays, because it may have rules of the administrator.
      chains: plugins.some(({type}) => type === 'firewall') ? ['CNI-FORWARD', 'CNI-ISOLATION-'] : [],
    },
  };
};
