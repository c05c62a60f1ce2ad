/** How the packets of pods get from node to node: routes or tunnels. */

import type {NodeSnapshot} from '../../feed.ts';
import {shortNode} from '../model/text.ts';
import {model} from '../store.ts';

interface Way {
  readonly from: string;
  readonly to: string;
  /** The pods' range at the other end. */
  readonly range: string;
  readonly via: string;
  readonly isTunnel: boolean;
}

const waysOf = (nodes: readonly NodeSnapshot[]): readonly Way[] =>
  nodes.flatMap(({name, routes, tunnels}) =>
    routes.map(({to, via, dev, node}) => {
      const tunnel = tunnels.find((each) => each.name === dev);
      return {
        from: name,
        to: node ?? via,
        range: to,
        via: tunnel === undefined ? `via ${via}` : `vxlan ${tunnel.vni ?? ''} ${tunnel.name}`,
        isTunnel: tunnel !== undefined,
      };
    }),
  );

/** Ways that have room. More are counted. */
const most = 6;

export const Ways = ({nodes}: {readonly nodes: readonly NodeSnapshot[]}) => {
  const ways = waysOf(nodes);
  if (nodes.length < 2) return null;
  const isTunnel = ways.some((way) => way.isTunnel);
  const {cluster} = model.value;
  return (
    <section class="ways" aria-label="Between the nodes">
      <h2 class="ways-title">
        {ways.length === 0 ? 'No ways between the nodes' : isTunnel ? 'Tunnels (vxlan)' : 'Routes'}
      </h2>
      <ul>
        {ways.slice(0, most).map(({from, to, range, via, isTunnel: tunnelled}) => (
          <li key={`${from} ${range}`} class={tunnelled ? 'way way-tunnel' : 'way'}>
            <b>{shortNode(from, cluster)}</b>
            <svg class="way-line" viewBox="0 0 40 10" aria-label="to" role="img">
              {tunnelled && <rect x="0" y="1.5" width="33" height="7" rx="3.5" />}
              <path d="M0 5h36M32 1.5 37 5l-5 3.5" />
            </svg>
            <b>{shortNode(to, cluster)}</b>
            <span class="mono">{range}</span>
            <span class="mono dim">{via}</span>
          </li>
        ))}
        {ways.length > most && <li class="dim">and {ways.length - most} more</li>}
      </ul>
    </section>
  );
};
