/** ip on a node: reads interfaces and routes from the kernel, in a pod's network namespace and on the node. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const inNetns = (netns: string, ...args: readonly string[]): Command => [
  'nsenter',
  [`--net=${netns}`, 'ip', '-json', ...args],
];

export const podAddresses = (netns: string): Command => inNetns(netns, 'address');
export const podRoutes = (netns: string): Command => inNetns(netns, '-4', 'route');
export const podRoutes6 = (netns: string): Command => inNetns(netns, '-6', 'route');
export const nodeLinks: Command = ['ip', ['-json', 'link']];
/** The links of a node with their kinds and addresses. */
export const nodeAddresses: Command = ['ip', ['-json', '-details', 'address']];
/** The names of the netns that links of this node lead to. */
export const netnsIds: Command = ['ip', ['-json', 'netns', 'list-id']];
export const nodeRoutes: Command = ['ip', ['-json', '-4', 'route']];
export const nodeRoutes6: Command = ['ip', ['-json', '-6', 'route']];
export const bridges: Command = ['ip', ['-json', 'link', 'show', 'type', 'bridge']];
export const deleteLink = (name: string): Command => ['ip', ['link', 'delete', name]];

const links = z.array(
  z.object({
    ifindex: z.number(),
    /** The index of a veth's other end, which may be in another namespace. */
    link_index: z.number().optional(),
    link_netnsid: z.number().optional(),
    linkinfo: z
      .object({
        info_kind: z.string().optional(),
        info_data: z.object({id: z.unknown().optional(), local: z.string().optional()}).optional(),
      })
      .optional(),
    ifname: z.string(),
    mtu: z.number(),
    operstate: z.string().optional(),
    address: z.string().optional(),
    master: z.string().optional(),
    addr_info: z
      .array(z.object({local: z.string().optional(), prefixlen: z.number(), scope: z.string().optional()}))
      .default([]),
  }),
);

export interface Link {
  readonly index: number;
  readonly peerIndex: number | undefined;
  readonly name: string;
  readonly mac: string | undefined;
  readonly mtu: number;
  /** `UP`, `DOWN`, or `UNKNOWN` for interfaces that do not report it, such as the loopback interface. */
  readonly state: string;
  /** The bridge that the interface is a port of. */
  readonly master: string | undefined;
  /** With prefix length. Addresses that are valid only on this link or this host are left out. */
  readonly addresses: readonly string[];
}

export const parseLinks = (stdout: string): readonly Link[] => parsedLinks(stdout).map(linkFrom);

const parsedLinks = (stdout: string): z.infer<typeof links> =>
  readJson(links, stdout || '[]', 'the interfaces in the output of ip');

const linkFrom = (link: z.infer<typeof links>[number]): Link => ({
  index: link.ifindex,
  peerIndex: link.link_index,
  name: link.ifname,
  mac: link.address,
  mtu: link.mtu,
  state: link.operstate ?? 'UNKNOWN',
  master: link.master,
  addresses: link.addr_info.flatMap(({local, prefixlen, scope}) =>
    local === undefined || scope === 'link' || scope === 'host' ? [] : [`${local}/${prefixlen}`],
  ),
});

/** A link with what only `nodeAddresses` prints. */
export interface DetailedLink extends Link {
  /** `bridge`, `veth`, `vxlan`, … */
  readonly kind: string | undefined;
  /** Id of the netns of a veth's other end, see `parseNetnsIds`. */
  readonly netnsId: number | undefined;
  readonly vni: number | undefined;
  /** The address from which a tunnel sends. */
  readonly local: string | undefined;
}

export const parseDetailedLinks = (stdout: string): readonly DetailedLink[] =>
  parsedLinks(stdout).map((link) => {
    const {info_kind: kind, info_data: data} = link.linkinfo ?? {};
    return {
      ...linkFrom(link),
      kind,
      netnsId: link.link_netnsid,
      vni: kind === 'vxlan' && typeof data?.id === 'number' ? data.id : undefined,
      local: data?.local,
    };
  });

const netnsList = z.array(z.object({nsid: z.number(), name: z.string().optional()}));

/** Names of netns, which are file names in /run/netns, by their ids. */
export const parseNetnsIds = (stdout: string): ReadonlyMap<number, string> =>
  new Map(
    readJson(netnsList, stdout || '[]', 'the ids of netns in the output of ip').flatMap(({nsid, name}) =>
      name === undefined ? [] : [[nsid, name] as const],
    ),
  );

const routes = z.array(
  z.object({
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().optional(),
    type: z.string().optional(),
  }),
);

export interface KernelRoute {
  /** With prefix length. */
  readonly to: string;
  readonly via: string | undefined;
  readonly dev: string | undefined;
}

/** Leaves out link-local and multicast routes, which every interface with IPv6 has. */
export const parseRoutes = (stdout: string, family: 4 | 6): readonly KernelRoute[] =>
  readJson(routes, stdout || '[]', 'the routes in the output of ip')
    .filter(({dst, type}) => !/^(fe80|ff00)::/.test(dst) && (type === undefined || type === 'unicast'))
    .map(({dst, gateway, dev}) => ({to: prefixOf(dst, family), via: gateway, dev}));

const prefixOf = (destination: string, family: 4 | 6): string => {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  return destination.includes('/') ? destination : `${destination}/${family === 4 ? 32 : 128}`;
};
