/** Routes to the pods of the other nodes, by way of those nodes. */
import type {Exec} from '../cni/exec.ts';
import {runTool} from '../cni/tool.ts';
import {arrayOf, objectOf, stringOf} from '../json.ts';
import type {NodeFacts} from './node-facts.ts';

export interface Route {
  readonly to: string;
  readonly via: string;
}

/** Marks our routes in the kernel, so that stale ones can be told from everyone else's. Any number unused by others. */
const protocol = '107';

export const routesOf = (nodes: readonly NodeFacts[], ownName: string): Route[] =>
  nodes
    .filter(({name, podCidr, internalIp}) => name !== ownName && podCidr && internalIp)
    .map(({podCidr, internalIp}) => ({to: podCidr, via: internalIp}));

/** Lines for `ip -batch`: what is missing or different is replaced, what no node stands for is removed. */
export const routeChanges = (present: readonly Route[], wanted: readonly Route[]): string[] => {
  const replaced = wanted.filter(({to, via}) => !present.some((each) => each.to === to && each.via === via));
  const stale = present.filter(({to}) => !wanted.some((each) => each.to === to));
  return [
    ...stale.map(({to}) => `route del ${to} proto ${protocol}`),
    ...replaced.map(({to, via}) => `route replace ${to} via ${via} proto ${protocol}`),
  ];
};

export const applyRoutes = async (exec: Exec, wanted: readonly Route[]): Promise<void> => {
  const changes = routeChanges(await presentRoutes(exec), wanted);
  // -force: one node that cannot be reached must not keep the others from being routed to.
  if (changes.length > 0) await runTool(exec, 'ip', ['-force', '-batch', '-'], `${changes.join('\n')}\n`);
};

const presentRoutes = async (exec: Exec): Promise<Route[]> => {
  const printed = await runTool(exec, 'ip', ['-json', 'route', 'show', 'proto', protocol]);
  const routes = arrayOf(JSON.parse(printed || '[]')).map(objectOf);
  return routes.map(({dst, gateway}) => ({to: stringOf(dst) ?? '', via: stringOf(gateway) ?? ''}));
};
