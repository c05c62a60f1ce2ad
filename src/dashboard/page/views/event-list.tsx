/** The events of one life, in the order of time, linked to their bars. */

import {useMemo} from 'preact/hooks';
import type {Life} from '../model/life.ts';
import {clockText, exactText} from '../model/text.ts';
import {chosenBar, model} from '../store.ts';
import {VirtualList} from './virtual-list.tsx';

export const EventList = ({life}: {readonly life: Life}) => {
  const {log} = model.value;
  const entries = useMemo(
    () => log.filter((entry) => entry.life === life.id && !entry.isMinor),
    [log, life.id],
  );
  return (
    <section class="life-events" aria-label="Events of this pod">
      <VirtualList
        class="event-list"
        label="Events of this pod"
        items={entries}
        rowHeight={1.6}
        keyOf={({id}) => id}
        chosen={entries.find(({bar}) => bar !== undefined && bar === chosenBar.value)?.id}
        onChoose={({bar}) => {
          chosenBar.value = bar;
        }}
        revealsChosen
        sticksToEnd
        row={({at, source, text, level}) => (
          <>
            <span class="event-since" title={clockText(at)}>
              {exactText(at - life.begun)}
            </span>
            <span class="event-source">{source}</span>
            <span class={`event-text level-${level}`} title={text}>
              {text}
            </span>
          </>
        )}
      />
    </section>
  );
};
