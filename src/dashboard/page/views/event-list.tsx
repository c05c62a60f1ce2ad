/** The events of one life, in the order of time, linked to their bars. */

import {useEffect, useMemo, useState} from 'preact/hooks';
import type {Life} from '../model/life.ts';
import type {LogEntry} from '../model/model.ts';
import {clockText, exactText} from '../model/text.ts';
import {chosenBar, model} from '../store.ts';
import {VirtualList} from './virtual-list.tsx';

export const EventList = ({life}: {readonly life: Life}) => {
  const {log} = model.value;
  const entries = useMemo(
    () => log.filter((entry) => entry.life === life.id && !entry.isMinor),
    [log, life.id],
  );
  /** A bar has several rows, and some rows have no bar: the row that the user has chosen stays chosen while its bar does. */
  const [row, setRow] = useState<LogEntry | undefined>(undefined);
  const isRowChosen = row !== undefined && row.bar === chosenBar.value;
  useEffect(() => {
    if (!isRowChosen) setRow(undefined);
  }, [isRowChosen]);
  const ofBar = entries.find(({bar}) => bar !== undefined && bar === chosenBar.value);
  return (
    <section class="life-events" aria-label="Events of this pod">
      <VirtualList
        class="event-list"
        label="Events of this pod"
        items={entries}
        rowHeight={1.6}
        keyOf={({id}) => id}
        chosen={(isRowChosen ? row : ofBar)?.id}
        onChoose={(entry) => {
          setRow(entry);
          chosenBar.value = entry.bar;
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
