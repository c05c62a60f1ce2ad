/** Lists what pod networks can leave on a node. */

import {z} from 'zod';
import {readJson} from '../json.ts';
import type {OwnNode} from './own-node.ts';
import {becomesEmpty, type Probe} from './probe.ts';
import {runtimePaths} from './runtime-process.ts';

export const kinds = ['netns', 'link', 'address', 'route', 'rule'] as const;
export type Kind = (typeof kinds)[number];

/** One line for each link, route or rule, without counters and flags, which change without a call of the runtime. */
export type Snapshot = Readonly<Record<Kind, ReadonlySet<string>>>;

const links = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({local: z.string().optional(), prefixlen: z.number(), scope: z.string()})),
  }),
);
const routes = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    gateway: z.string().optional(),
    table: z.string().optional(),
  }),
);

const script = (() => {
  const parts = [
    'ip -json address',
    'ip -json route show table all',
    'ip -json -6 route show table all',
    `ls -A ${runtimePaths.netns} 2>/dev/null; sed -n "s/^.* \\(\\/[^ ]*\\) [^ ]* .*- nsfs .*/\\1/p" /proc/self/mountinfo`,
    'for tool in iptables-save ip6tables-save; do if command -v $tool >/dev/null; then $tool 2>/dev/null | sed -n "s/^-A/$tool -A/p"; fi; done',
    'if command -v nft >/dev/null; then nft --stateless list ruleset 2>/dev/null; fi',
  ];
  return parts.join('; echo; echo "---"; ');
})();

/** The kernel adds routes of IPv6 links a moment after the link. */
const isLasting = (destination: string): boolean => !/^(fe80|ff00|multicast)/.test(destination);

const linesOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean),
  );

export const takeSnapshot = async (node: OwnNode): Promise<Snapshot> => {
  const output = await node.run(['sh', ['-c', script]]);
  const [addresses = '', routes4 = '', routes6 = '', netns = '', tables = '', nft = ''] =
    output.split('\n---\n');
  const found = readJson(links, addresses.trim() || '[]', 'the output of ip address');
  return {
    netns: linesOf(netns),
    link: new Set(found.map(({ifname}) => ifname)),
    address: new Set(
      found.flatMap(({ifname, addr_info}) =>
        addr_info.flatMap(({local, prefixlen, scope}) =>
          local === undefined || scope === 'link' ? [] : [`${local}/${prefixlen} on ${ifname}`],
        ),
      ),
    ),
    route: new Set(
      [routes4, routes6]
        .flatMap((text) => readJson(routes, text.trim() || '[]', 'the output of ip route'))
        .filter(({dst}) => isLasting(dst))
        .map(
          ({dst, dev, gateway, table}) =>
            `${dst} via ${gateway ?? 'link'} dev ${dev} table ${table ?? 'main'}`,
        ),
    ),
    rule: new Set([...linesOf(tables), ...linesOf(nft)]),
  };
};

/** The lines of `after` that `before` lacks: `link veth0`. */
export const addedSince = (
  before: Snapshot,
  after: Snapshot,
  of: readonly Kind[] = kinds,
): readonly string[] =>
  of.flatMap((kind) =>
    [...after[kind]].filter((each) => !before[kind].has(each)).map((each) => `${kind} ${each}`),
  );

/**
 * Throws Violation if `work` leaves something on the node. A first pod shows what the runtime makes once, such as a bridge, which may
 * stay.
 */
export const leavesNothing = async (
  probe: Probe,
  of: readonly Kind[],
  work: () => Promise<void>,
): Promise<void> => {
  await probe.down(await probe.up());
  const before = await settledSnapshot(probe);
  await work();
  await becomesEmpty(probe, `no ${of.join(', ')} of a deleted pod on the node`, async () =>
    addedSince(before, await takeSnapshot(probe.node), of),
  );
};

/** Waits until the links of a deleted pod have disappeared: their names could otherwise hide leftovers. */
const settledSnapshot = async ({node}: Probe): Promise<Snapshot> => {
  let last = await takeSnapshot(node);
  for (let tries = 0; tries < 20; tries++) {
    const next = await takeSnapshot(node);
    if (addedSince(next, last).length === 0) return next;
    last = next;
  }
  return last;
};
