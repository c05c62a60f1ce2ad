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
/** Those of the network runtime. */
const versions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const list = z
  .looseObject({
    cniVersion: z.string(),
    cniVersions: z.array(z.string()).default([]),
    name: cniName,
    plugins: z.array(plugin).min(1, 'must name at least one plugin'),
  })
  .refine(
    ({cniVersion, cniVersions}) => [cniVersion, ...cniVersions].some((each) => versions.includes(each)),
    {
      path: ['cniVersion'],
      error: `must be one of ${versions.join(', ')}`,
    },
  );
const range = z.union([z.cidrv4(), z.cidrv6()], 'must be a range of addresses, such as 10.1.0.0/24');
const hostLocal = z.looseObject({
  subnet: range.optional(),
  ranges: z.array(z.array(z.looseObject({subnet: range}))).default([]),
});

export interface UserConflist {
  readonly cniName: string;
  /** The programs that it needs, those for IPAM included. */
  readonly programs: readonly string[];
  /** Ranges of addresses in CIDR notation, those of host-local. */
  readonly subnets: readonly string[];
  readonly leftovers: Leftovers;
}

/** Placeholders for the node's podCIDR: as in the `conf_template` of containerd, and as Calico writes it for host-local. */
const placeholders = /\{\{ *\.PodCIDR *\}\}|usePodCidr/g;

export const fillPodCidr = (text: string, podCidr: string): string =>
  text.replaceAll(placeholders, () => podCidr);

/** Any range that a node can get. */
const somePodCidr = '10.244.0.0/24';

/** A list of plugins, or a single plugin as before CNI 1.0. Throws Error whose message says what is wrong. */
export const parseUserConflist = (template: string, podCidr = somePodCidr): UserConflist => {
  const text = fillPodCidr(template, podCidr);
  const unknown = /\{\{.*?\}\}/.exec(text);
  if (unknown) throw new Error(`unknown placeholder ${unknown[0]}: the podCIDR of the node is {{.PodCIDR}}`);
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
  const subnets = pools
    .map((pool) => hostLocal.parse(pool, {reportInput: true}))
    .flatMap(({subnet, ranges}) => [subnet ?? [], ranges.flat().map((each) => each.subnet)].flat());
  return {
    cniName: name,
    subnets,
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
