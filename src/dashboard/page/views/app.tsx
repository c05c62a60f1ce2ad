/** The frame of the page: header, the chosen view, and the player of a recording. */

import {effect} from '@preact/signals';
import {useEffect} from 'preact/hooks';
import {visibleText} from '../model/text.ts';
import {recording} from '../replay.ts';
import {actionForm, announcement, connection, isHelpOpen, model, view} from '../store.ts';
import {ActionPanel} from './actions.tsx';
import {Header} from './header.tsx';
import {Help} from './help.tsx';
import {LifeView} from './life.tsx';
import {LogView} from './log.tsx';
import {NodesView} from './nodes.tsx';
import {Player} from './player.tsx';
import {PodsView} from './pods.tsx';
import {TopologyView} from './topology.tsx';

const shown = {life: LifeView, topology: TopologyView, nodes: NodesView, pods: PodsView, log: LogView};

export const App = () => {
  const Shown = shown[view.value];
  useTitle();
  return (
    <div class="app">
      <Header />
      <Notice />
      <main id="main" class={`view view-${view.value}`}>
        <Shown />
        {actionForm.value !== undefined && <ActionPanel key={JSON.stringify(actionForm.value)} />}
      </main>
      {recording.value !== undefined && <Player />}
      {isHelpOpen.value && <Help />}
      <div class="only-read" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </div>
  );
};

const Notice = () => {
  const {lost, dropped, nodes} = model.value;
  if (connection.value === 'broken')
    return (
      <p class="notice" role="alert">
        {recording.value === undefined && nodes !== undefined
          ? 'The dashboard does not answer. What you see is old. Trying again…'
          : 'Cannot read the data of this page. Is the dashboard still running?'}
      </p>
    );
  if (lost !== undefined)
    return (
      <p class="notice" role="alert">
        What you see is old. The cluster does not answer, trying again: {visibleText(lost)}
      </p>
    );
  if (dropped > 0) return <p class="notice">This page was too slow: it missed {dropped} messages.</p>;
  return null;
};

const useTitle = (): void => {
  useEffect(
    () =>
      effect(() => {
        const {cluster} = model.value;
        document.title = cluster === '' ? 'kni-demo' : `${cluster} · kni-demo`;
      }),
    [],
  );
};
