/** ip in a network namespace of a node: what the kernel has. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const inside = (netns: string, ...args: readonly string[]): Command => [
  'nsenter',
  [`--net=${netns}`, 'ip', '-json', ...args],
];
export const addressesIn = (netns: string): Command => inside(netns, 'address', 'show');
export const routesIn = (netns: string): Command => inside(netns, 'route', 'show');

const links = z.array(
  z.object({
    ifname: z.string(),
    address: z.string().default(''),
    mtu: z.number().default(0),
    addr_info: z
      .array(
        z.object({
          local: z.string().default(''),
          prefixlen: z.number().default(0),
          scope: z.string().default(''),
        }),
      )
      .default([]),
  }),
);

export interface Link {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** With prefix length, without those that the kernel gives by itself. */
  readonly cidrs: readonly string[];
}

/** Without lo. */
export const parseLinks = (stdout: string): readonly Link[] =>
  readJson(links, stdout, 'what ip says of addresses')
    .filter(({ifname}) => ifname !== 'lo')
    .map(({ifname, address, mtu, addr_info}) => ({
      name: ifname,
      mac: address,
      mtu,
      cidrs: addr_info
        .filter(({scope}) => scope !== 'link')
        .map(({local, prefixlen}) => `${local}/${prefixlen}`),
    }));

const routes = z.array(
  z.object({dst: z.string(), gateway: z.string().default(''), dev: z.string().default('')}),
);
export type LiveRoute = z.infer<typeof routes>[number];

export const parseRoutes = (stdout: string): readonly LiveRoute[] =>
  readJson(routes, stdout, 'what ip says of routes');
