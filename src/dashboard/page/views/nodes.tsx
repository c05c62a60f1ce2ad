/** Nodes and their networks: readiness and why, addresses, cleanups, versions. */

import type {NetworkSnapshot, NodeSnapshot} from '../../feed.ts';
import {clockText, shortNode, spanText, visibleText} from '../model/text.ts';
import {actionForm, matches, model} from '../store.ts';
import {NodeState} from './node-state.tsx';
import {StateMark} from './state.tsx';

export const NodesView = () => {
  const {nodes} = model.value;
  const found = nodes?.filter(({name, addresses, podCIDRs, reason = ''}) =>
    matches([name, ...addresses, ...podCIDRs, reason].join(' ')),
  );
  if (found === undefined || found.length === 0)
    return (
      <section class="empty">
        <h2>{nodes === undefined ? 'No state of the cluster yet' : 'No node found'}</h2>
        <p>{nodes === undefined ? 'It comes with the first answer of the nodes.' : 'Change the search.'}</p>
      </section>
    );
  return (
    <section class={found.length <= few ? 'nodes nodes-few' : 'nodes'} aria-label="Nodes and networks">
      {found.map((node) => (
        <NodePanel key={node.name} node={node} />
      ))}
    </section>
  );
};

/** Nodes that leave room for larger text. */
const few = 3;

const NodePanel = ({node}: {readonly node: NodeSnapshot}) => {
  const {name, role, reason, since, ready, silent, networks, pendingCleanups} = node;
  const {cluster, now, pods, actions} = model.value;
  const own = [...pods.values()].filter((pod) => pod.node === name && pod.removed === undefined);
  const age = since === undefined ? Number.NaN : now - Date.parse(since) * 1000;
  return (
    <article class={ready === false ? 'panel panel-bad' : 'panel'} aria-label={`Node ${name}`}>
      <header class="panel-head">
        <h2 title={name}>{shortNode(name, cluster)}</h2>
        <NodeState node={node} />
        {Number.isFinite(age) && (
          <span class="dim" title={since}>
            for {spanText(Math.max(age, 0))}, since {clockText(now - age).slice(0, 8)} UTC
          </span>
        )}
      </header>
      {ready === false && reason !== undefined && <p class="node-trouble">{visibleText(reason)}</p>}
      {silent !== undefined && <p class="node-trouble">{visibleText(silent)}</p>}
      <dl class="facts-list">
        <Fact name="role" value={role} />
        <Fact name="addresses" value={node.addresses.join(', ')} isMono />
        <Fact name="pod ranges" value={node.podCIDRs.join(', ')} isMono />
        <Fact name="kubelet" value={node.kubelet} />
        <Fact name="containerd" value={node.containerRuntime?.replace(/^containerd:\/\//, '')} />
        <Fact
          name="network runtime"
          value={node.runtime ?? (node.running ? 'of the node image' : undefined)}
        />
        <Fact name="pods" value={`${own.length}, ${own.filter((pod) => !pod.hostNetwork).length} with KNI`} />
        <div class={pendingCleanups > 0 ? 'fact-bad' : undefined}>
          <dt>pending cleanups</dt>
          <dd>{pendingCleanups === 0 ? 'none' : `${pendingCleanups}: they hold addresses or host ports`}</dd>
        </div>
      </dl>
      <h3 class="panel-title">Networks</h3>
      {networks.length === 0 && (
        <p class="hint">{silent === undefined ? 'none' : 'unknown: the network runtime does not answer'}</p>
      )}
      {networks.map((network) => (
        <Network key={network.name} network={network} />
      ))}
      <p class="panel-actions">
        {actions.includes('stop-runtime') && (
          <button
            type="button"
            class="button button-small"
            onClick={() => {
              actionForm.value = {
                action: silent === undefined ? 'stop-runtime' : 'start-runtime',
                node: name,
              };
            }}
          >
            {silent === undefined ? 'Stop network runtime…' : 'Start network runtime…'}
          </button>
        )}
      </p>
    </article>
  );
};

const Fact = ({
  name,
  value,
  isMono = false,
}: {
  readonly name: string;
  readonly value: string | undefined;
  readonly isMono?: boolean;
}) => (
  <div>
    <dt>{name}</dt>
    <dd class={isMono ? 'mono' : undefined}>{value === undefined || value === '' ? '–' : value}</dd>
  </div>
);

const Network = ({network}: {readonly network: NetworkSnapshot}) => {
  const {name, ready, reason, capacity, used} = network;
  const share = capacity === undefined || used === undefined ? undefined : used / Math.max(capacity, 1);
  return (
    <div class="network">
      <p class="network-head">
        <StateMark state={ready ? 'ready' : 'failing'} label={false} />
        <b class="mono">{name}</b>
        {ready ? (
          <span class="dim">ready</span>
        ) : (
          <span class="bad">not ready{reason === undefined ? '' : `: ${visibleText(reason)}`}</span>
        )}
        {capacity !== undefined && (
          <span class="network-count">
            {used ?? '?'} of {capacity} addresses
          </span>
        )}
      </p>
      {share !== undefined && (
        <meter
          class={share > 0.9 ? 'pool pool-full' : 'pool'}
          min={0}
          max={1}
          value={share}
          aria-label={`${used} of ${capacity} addresses of ${name} are used`}
        />
      )}
    </div>
  );
};
