/** The life of one pod: who called whom, and how long it took. */

import {useMemo} from 'preact/hooks';
import type {Life} from '../model/life.ts';
import {shortNode, shortPod, spanText} from '../model/text.ts';
import {recording} from '../replay.ts';
import {
  actionForm,
  chosenBar,
  chosenLife,
  connection,
  followNewest,
  isReplay,
  matches,
  model,
  search,
  shownLife,
} from '../store.ts';
import {BarDetail} from './bar-detail.tsx';
import {EventList} from './event-list.tsx';
import {Lanes} from './lanes.tsx';
import {LifeFacts} from './life-facts.tsx';
import {StateMark} from './state.tsx';
import {VirtualList} from './virtual-list.tsx';

export const LifeView = () => {
  const life = shownLife.value;
  return (
    <>
      <LifeList shown={life} />
      {life === undefined ? (
        <NoPod />
      ) : (
        <section class="life" aria-label={`Life of pod ${life.pod}`}>
          <LifeFacts life={life} />
          <Lanes key={life.id} life={life} now={life.open.size > 0 ? model.value.now : life.latest} />
          <EventList key={life.id} life={life} />
          <BarDetail life={life} />
        </section>
      )}
    </>
  );
};

const loadingText = (): string =>
  connection.value === 'broken' ? 'Cannot load the recording' : 'Loading the recording…';

const NoPod = () => {
  if (isReplay.value)
    return (
      <section class="empty">
        <h2>{recording.value === undefined ? loadingText() : 'No pod yet'}</h2>
        {recording.value !== undefined && (
          <p>At this time, the recording has no calls for a pod. Play it, or move its position.</p>
        )}
      </section>
    );
  return (
    <section class="empty">
      <h2>No pod yet</h2>
      <p>
        Create one: <code>kni-demo pod create mypod</code>. Its calls appear here as they happen.
      </p>
      {model.value.actions.includes('create-pod') && (
        <p class="empty-action">
          <button
            type="button"
            class="button button-main"
            onClick={() => {
              actionForm.value = {action: 'create-pod'};
            }}
          >
            Create a pod…
          </button>
        </p>
      )}
    </section>
  );
};

const LifeList = ({shown}: {readonly shown: Life | undefined}) => {
  const {lives, cluster} = model.value;
  const found = useMemo(
    () =>
      [...lives.values()]
        .filter(({pod, node = '', address = '', state}) => matches(`${pod} ${node} ${address} ${state}`))
        .sort((a, b) => b.begun - a.begun),
    [lives, search.value],
  );
  const isFollowing = chosenLife.value === undefined;
  return (
    <aside class="side" aria-label="Pods">
      <div class="side-head">
        <h2>Pods</h2>
        <span class="dim">{found.length}</span>
        <button
          type="button"
          class="toggle"
          aria-pressed={isFollowing}
          aria-keyshortcuts="f"
          title="Always show the newest pod (f)"
          onClick={() => {
            if (isFollowing) chosenLife.value = shown?.id;
            else followNewest();
          }}
        >
          Follow newest
        </button>
      </div>
      <VirtualList
        class="life-list"
        label="Pods, newest first"
        items={found}
        rowHeight={2.9}
        keyOf={({id}) => id}
        chosen={shown?.id}
        onChoose={({id}) => {
          chosenLife.value = id;
          chosenBar.value = undefined;
        }}
        row={(life) => (
          <>
            <StateMark state={life.state} label={false} />
            <span class="life-name" title={life.pod}>
              {shortPod(life.pod)}
            </span>
            <span class="life-after">{durationText(life)}</span>
            <span class="life-where">
              {[shortNode(life.node, cluster), life.address?.replace(/\/.*$/, '')]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </>
        )}
      />
    </aside>
  );
};

const durationText = ({ready, begun, state, failures}: Life): string => {
  if (state === 'gone') return 'gone';
  if (state === 'failing') return `${failures} failed`;
  return ready === undefined ? '' : spanText(ready - begun);
};
