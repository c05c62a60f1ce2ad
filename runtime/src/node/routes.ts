/** Sets routes to the pods of other nodes. */

import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {hasIPv6} from './forwarding.ts';
import {familyOf, ofFamily} from './ip-address.ts';
import {runBatch} from './ip-batch.ts';
import type {NodeFacts} from './node-facts.ts';

export interface Route {
  readonly to: string;
  readonly via: string;
  /** The outgoing device; without it the kernel looks up `via`. */
  readonly device?: string | undefined;
}

/** Marks our routes in the kernel, to find stale ones. Any number that no other program uses. */
export const protocol = '107';

/** Routes with the nodes themselves as gateways; they must share a link with this node. */
export const routesOf = (nodes: readonly NodeFacts[], ownName: string): Route[] =>
  nodes
    .filter(({name}) => name !== ownName)
    .flatMap(({podCidrs, internalIps}) =>
      podCidrs.flatMap((to) => {
        const via = ofFamily(internalIps, familyOf(to));
        return via === undefined ? [] : [{to, via}];
      }),
    );

/** Lines for `ip -batch` that replace missing or different routes and remove stale ones. */
export const routeChanges = (present: readonly Route[], wanted: readonly Route[]): string[] => {
  const same = (one: Route, {to, via, device}: Route) =>
    one.to === to && one.via === via && (device === undefined || one.device === device);
  const replaced = wanted.filter((route) => !present.some((each) => same(each, route)));
  const stale = present.filter(({to}) => !wanted.some((each) => each.to === to));
  return [
    ...stale.map(({to}) => `route del ${to} proto ${protocol}`),
    ...replaced.map(({to, via, device}) => {
      const onLink = familyOf(via) === 4 ? ' onlink' : ''; // an IPv6 gateway is a link-local address
      const by = device === undefined ? '' : ` dev ${device}${onLink}`;
      return `route replace ${to} via ${via}${by} proto ${protocol}`;
    }),
  ];
};

export const applyRoutes = async (exec: Exec, wanted: readonly Route[]): Promise<void> =>
  await runBatch(exec, 'ip', routeChanges(await presentRoutes(exec), wanted));

const presentRoutes = async (exec: Exec): Promise<Route[]> => {
  const families = (await hasIPv6()) ? ['-4', '-6'] : ['-4'];
  const shown = families.map((family) =>
    runTool(exec, 'ip', [family, '-json', 'route', 'show', 'proto', protocol]),
  );
  const routes = (await Promise.all(shown)).flatMap((text) => arrayOf(JSON.parse(text || '[]')));
  return routes.map(objectOf).map(({dst, gateway, dev}) => ({
    to: stringOf(dst) ?? '',
    via: stringOf(gateway) ?? '',
    device: stringOf(dev),
  }));
};
