/** All pods in a table, and everything about the chosen one. */

import {useMemo} from 'preact/hooks';
import {addressesOf, type PodView, stateOf} from '../model/pods.ts';
import {shortNode, visibleText} from '../model/text.ts';
import {chosenPod, matches, model, search} from '../store.ts';
import {PodDetail} from './pod-detail.tsx';
import {StateMark} from './state.tsx';
import {VirtualList} from './virtual-list.tsx';

const textOf = (pod: PodView): string =>
  [
    pod.path,
    pod.node,
    stateOf(pod),
    pod.phase,
    pod.reason,
    pod.failure,
    pod.sandbox,
    ...addressesOf(pod),
    ...pod.interfaces.flatMap(({name, network, mac}) => [name, network, mac]),
    ...pod.hostPorts.map(({hostPort}) => `:${hostPort}`),
  ].join(' ');

export const PodsView = () => {
  const {pods, cluster} = model.value;
  const found = useMemo(
    () => [...pods.values()].filter((pod) => matches(textOf(pod))).sort((a, b) => (a.path < b.path ? -1 : 1)),
    [pods, search.value],
  );
  const chosen = pods.get(chosenPod.value ?? '');
  return (
    <>
      <section class="pods" aria-label="Pods">
        <div class="table-head pods-columns" aria-hidden="true">
          <span>Pod</span>
          <span>Namespace</span>
          <span>State</span>
          <span>Node</span>
          <span>Address</span>
          <span>Interfaces</span>
          <span>Host ports</span>
        </div>
        {found.length === 0 ? (
          <p class="hint">{pods.size === 0 ? 'The cluster has no pods.' : 'No pod matches the search.'}</p>
        ) : (
          <VirtualList
            class="table"
            label="Pods"
            items={found}
            rowHeight={1.9}
            keyOf={({path}) => path}
            chosen={chosen?.path}
            revealsChosen
            onChoose={({path}) => {
              chosenPod.value = path;
            }}
            row={(pod) => <Row pod={pod} cluster={cluster} />}
          />
        )}
        <p class="table-foot dim">
          {found.length === pods.size ? `${pods.size} pods` : `${found.length} of ${pods.size} pods`}
        </p>
      </section>
      {chosen !== undefined && <PodDetail key={`${chosen.path} ${chosen.uid}`} pod={chosen} />}
    </>
  );
};

const Row = ({pod, cluster}: {readonly pod: PodView; readonly cluster: string}) => (
  <div class="pods-columns">
    <span class="strong" title={pod.name}>
      {pod.name}
    </span>
    <span class="dim">{pod.namespace}</span>
    <span title={visibleText(pod.failure ?? pod.reason ?? '')}>
      <StateMark state={stateOf(pod)} />
    </span>
    <span>{shortNode(pod.node, cluster)}</span>
    <span class="mono">{addressesOf(pod).join(', ')}</span>
    <span class="mono dim">
      {pod.hostNetwork
        ? 'of the node'
        : pod.interfaces.map(({name, network}) => `${name} ${network ?? ''}`).join(', ')}
    </span>
    <span class="mono">
      {pod.hostPorts.map(({hostPort, containerPort}) => `${hostPort}→${containerPort}`).join(' ')}
    </span>
  </div>
);
