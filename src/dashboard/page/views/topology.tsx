/** Nodes, bridges, veth pairs, pods and the ways between the nodes. */

import {useMemo} from 'preact/hooks';
import type {LinkSnapshot} from '../../feed.ts';
import {addressesOf, type PodView, stateOf} from '../model/pods.ts';
import {shortNode, shortPod, visibleText} from '../model/text.ts';
import {densityOf, type Group, type NodeBox, nodeBoxes} from '../model/topology.ts';
import {isLarge} from '../settings.ts';
import {matches, model, openLife, openPod, words} from '../store.ts';
import {Changes} from './changes.tsx';
import {memo} from './memo.ts';
import {NodeState} from './node-state.tsx';
import {StateMark} from './state.tsx';
import {Ways} from './ways.tsx';

export const TopologyView = () => {
  const {nodes, pods} = model.value;
  const boxes = useMemo(() => nodeBoxes(nodes ?? [], pods), [nodes, pods]);
  if (nodes === undefined)
    return (
      <section class="empty">
        <h2>No state of the cluster yet</h2>
        <p>It comes with the first answer of the nodes.</p>
      </section>
    );
  return (
    <section class={`topology density-${densityOf(boxes, isLarge.value)}`} aria-label="Topology">
      <Ways nodes={nodes} />
      <div class="node-grid">
        {boxes.map((box) => (
          <NodeCard key={box.node.name} box={box} />
        ))}
      </div>
      <Changes />
    </section>
  );
};

const NodeCard = ({box}: {readonly box: NodeBox}) => {
  const {node, bridges, others, hostNetwork} = box;
  const isEmpty = bridges.every(({pods}) => pods === 0) && others.length === 0;
  return (
    <article
      class={node.ready === false ? 'node-card node-card-bad' : 'node-card'}
      aria-label={`Node ${node.name}`}
    >
      <header class="node-head">
        <h2 title={node.name}>{shortNode(node.name, model.value.cluster)}</h2>
        <NodeState node={node} />
        <span class="port mono" title={node.addresses.join(', ')}>
          {node.addresses.join(', ')}
        </span>
      </header>
      {node.silent !== undefined && <p class="node-trouble">{visibleText(node.silent)}</p>}
      {node.ready === false && node.reason !== undefined && (
        <p class="node-trouble">{visibleText(node.reason)}</p>
      )}
      <div class="node-body">
        {bridges.map(({bridge, groups, pods}) => (
          <section class="bridge" key={bridge.name} aria-label={`Bridge ${bridge.name}`}>
            <h3 class={bridge.up || pods === 0 ? 'bridge-bar' : 'bridge-bar bridge-down'}>
              <span class="mono">{bridge.name}</span>
              <span class="mono dim">{bridge.addresses.join(', ')}</span>
              <span class="dim">{pods === 1 ? '1 pod' : `${pods} pods`}</span>
            </h3>
            <Groups groups={groups} isAttached />
          </section>
        ))}
        {others.length > 0 && (
          <section class="bridge" aria-label="Without a bridge">
            <h3 class="bridge-bar bridge-none">
              <span class="dim">{bridges.length === 0 ? 'pods' : 'without an interface'}</span>
            </h3>
            <Groups groups={others} isAttached={false} />
          </section>
        )}
        {isEmpty && (
          <p class="hint">{node.running ? 'No pods with a network of their own.' : 'The node is stopped.'}</p>
        )}
        {hostNetwork.length > 0 && (
          <section class="host-network" aria-label="Pods in the network of the node">
            <h3 class="dim">in the network of the node</h3>
            <p>
              {hostNetwork.map((pod) => (
                <span key={pod.path} class={matches(textOf(pod)) ? 'chip' : 'chip chip-dim'} title={pod.path}>
                  <StateMark state={stateOf(pod)} label={false} />
                  {shortChip(pod, node.name)}
                </span>
              ))}
            </p>
          </section>
        )}
      </div>
    </article>
  );
};

/** Static pods end with the name of their node. */
const shortChip = ({name}: PodView, node: string): string =>
  name.endsWith(`-${node}`) ? name.slice(0, -node.length - 1) : name;

const textOf = (pod: PodView): string =>
  `${pod.path} ${pod.node ?? ''} ${addressesOf(pod).join(' ')} ${pod.hostPorts.map(({hostPort}) => hostPort).join(' ')} ${stateOf(pod)}`;

const Groups = ({groups, isAttached}: {readonly groups: readonly Group[]; readonly isAttached: boolean}) => (
  <>
    {groups.map(({name, pods}) => (
      <div
        key={name}
        class={isAttached ? 'pod-group attached' : 'pod-group'}
        role="group"
        aria-label={name || 'pods'}
      >
        {name !== '' && (
          <h4 class="group-name">
            {name} <span class="dim">{pods.length}</span>
          </h4>
        )}
        <ul class="tiles">
          {pods.map(({pod, veth}) => (
            <Tile
              key={`${pod.path} ${pod.uid}`}
              {...{pod, veth, group: name}}
              isNew={isNewPod(pod, model.value.now)}
              mark={markOf(pod)}
            />
          ))}
        </ul>
      </div>
    ))}
  </>
);

/** The group has the beginning of the name, and the bridge that of the address. */
const nameIn = (group: string, pod: PodView): string => {
  const name = shortPod(pod.path);
  return group !== '' && name.startsWith(`${group}-`) ? name.slice(name.lastIndexOf('-') + 1) : name;
};

const lastPart = (address: string): string => address.replace(/^.*(?=[.:])/, '');

/** Microseconds that a new pod is marked. */
const newFor = 6_000_000;

interface TileProps {
  readonly pod: PodView;
  readonly veth: LinkSnapshot | undefined;
  readonly group: string;
  readonly isNew: boolean;
  /** Whether the search finds the pod; `none` without a search. */
  readonly mark: 'found' | 'dim' | 'none';
}

const isNewPod = ({added, removed}: PodView, now: number): boolean =>
  added > 0 && now - added < newFor && removed === undefined;

const markOf = (pod: PodView): TileProps['mark'] =>
  words.value.length === 0 ? 'none' : matches(textOf(pod)) ? 'found' : 'dim';

const open = (path: string): void => {
  const life = model.peek().lifeOfPod.get(path);
  if (life === undefined) openPod(path);
  else openLife(life);
};

/** Memoized: a hundred pods must not render again for each event. */
const Tile = memo(({pod, veth, group, isNew, mark}: TileProps) => {
  const state = stateOf(pod);
  const addresses = addressesOf(pod);
  const classes = `tile tile-${state} tile-${mark} ${isNew ? 'tile-new' : ''}`;
  const ports = pod.hostPorts.map(({hostPort, containerPort, protocol}) => ({
    text: `:${hostPort}→${containerPort}`,
    title: `host port ${hostPort}/${protocol} leads to port ${containerPort} of the pod`,
  }));
  const facts = [
    pod.path,
    ...addresses,
    veth?.name,
    ...ports.map(({title}) => title),
    pod.failure ?? pod.reason,
  ].filter(Boolean);
  return (
    <li class="cell">
      <button
        type="button"
        class={classes}
        title={visibleText(facts.join('\n'))}
        onClick={() => open(pod.path)}
      >
        <StateMark state={state} label={false} />
        <span class="tile-name">{nameIn(group, pod)}</span>
        <span class="tile-address mono">
          {addresses.map((each) => (group === '' ? each : lastPart(each))).join(' ') ||
            (state === 'removed' ? 'gone' : '…')}
        </span>
        {state === 'failing' ? (
          <span class="tile-veth bad">{visibleText(pod.failure ?? pod.reason ?? '')}</span>
        ) : (
          <span class="tile-veth mono">
            {[pod.interfaces[0]?.name, veth?.name].filter(Boolean).join(' ⇄ ')}
          </span>
        )}
        {ports.map(({text, title}) => (
          <span key={text} class="tile-port mono" title={title}>
            {text}
          </span>
        ))}
        {isNew && <span class="only-read">new</span>}
      </button>
    </li>
  );
});
