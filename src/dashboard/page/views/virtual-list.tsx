/** A list that renders only the rows in sight: thousands of rows cost as much as dozens. */

import type {ComponentChildren} from 'preact';
import {useId, useLayoutEffect, useRef, useState} from 'preact/hooks';

interface Props<Item> {
  readonly items: readonly Item[];
  /** Height of a row in rem. */
  readonly rowHeight: number;
  readonly keyOf: (item: Item) => string | number;
  readonly row: (item: Item) => ComponentChildren;
  readonly label: string;
  readonly chosen?: string | number | undefined;
  /** Scrolls to the chosen row when the choice changes. Not for a choice that changes by itself: the user could not scroll. */
  readonly revealsChosen?: boolean;
  readonly onChoose?: (item: Item) => void;
  /** Enter, or a double click. */
  readonly onOpen?: (item: Item) => void;
  /** Stays at the end while new rows come, until the user scrolls up. */
  readonly sticksToEnd?: boolean;
  readonly class?: string;
}

const overscan = 6;

const pixelsPerRem = (): number =>
  Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 14;

const isHidden = ({scrollTop, clientHeight}: HTMLElement, top: number, height: number): boolean =>
  top < scrollTop || top + height > scrollTop + clientHeight;

export const VirtualList = <Item,>(props: Props<Item>) => {
  const {items, keyOf, row, label, chosen, onChoose, onOpen} = props;
  const {sticksToEnd = false, revealsChosen = false} = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const rowHeight = Math.round(props.rowHeight * pixelsPerRem());
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  /** The first row in sight. */
  const firstSeen = useRef<{readonly key: string | number; readonly index: number} | undefined>(undefined);
  const noteScroll = ({scrollHeight, scrollTop, clientHeight}: HTMLElement): void => {
    setTop(scrollTop);
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 4;
    const at = Math.floor(scrollTop / rowHeight);
    const item = items[at];
    firstSeen.current = scrollTop === 0 || item === undefined ? undefined : {key: keyOf(item), index: at};
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (sticksToEnd && isAtEnd.current) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const seen = firstSeen.current;
    if (seen === undefined) return;
    // Rows above have come or gone: the rows in sight must not move.
    const at = items.findIndex((item) => keyOf(item) === seen.key);
    if (at === seen.index) return;
    if (at >= 0) element.scrollTop += (at - seen.index) * rowHeight;
    noteScroll(element);
  });
  const index = items.findIndex((item) => keyOf(item) === chosen);
  /** Where the choice of a row has scrolled the list that was at its end. */
  const revealedAt = useRef<number | undefined>(undefined);
  /** The row that the user has just chosen in this list. */
  const ownChoice = useRef<string | number | undefined>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    const isOwn = chosen !== undefined && chosen === ownChoice.current;
    ownChoice.current = undefined;
    // The list stays where the user sees the row, also when the choice ends.
    if (isOwn) revealedAt.current = undefined;
    if (element === null || !revealsChosen || isOwn || element.clientHeight === 0) return;
    // If the user has scrolled since, the list stays where it is.
    const isRevealed = revealedAt.current === element.scrollTop;
    if (index >= 0 && isHidden(element, index * rowHeight, rowHeight)) {
      // In the middle, so that its context is visible, too.
      const above = Math.floor((element.clientHeight / rowHeight - 1) / 2);
      element.scrollTop = (index - above) * rowHeight;
      revealedAt.current = isAtEnd.current || isRevealed ? element.scrollTop : undefined;
      isAtEnd.current = false;
    } else if (index < 0) {
      revealedAt.current = undefined;
      if (!isRevealed) return;
      isAtEnd.current = true;
      if (sticksToEnd) element.scrollTop = element.scrollHeight;
    }
  }, [chosen]);
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const shown = items.slice(first, first + Math.ceil(height / rowHeight) + 2 * overscan);
  const choose = (item: Item): void => {
    ownChoice.current = keyOf(item);
    onChoose?.(item);
  };
  const move = (to: number): void => {
    const item = items[Math.min(Math.max(to, 0), items.length - 1)];
    const element = box.current;
    if (item === undefined || element === null) return;
    choose(item);
    const at = Math.min(Math.max(to, 0), items.length - 1) * rowHeight;
    if (at < element.scrollTop) element.scrollTop = at;
    if (at + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = at + rowHeight - element.clientHeight;
    // The list renders before the event of this scroll: it must not return to its end.
    noteScroll(element);
  };
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: index + 1,
    ArrowUp: index < 0 ? items.length - 1 : index - 1,
    PageDown: index + Math.floor(height / rowHeight),
    PageUp: index - Math.floor(height / rowHeight),
    Home: 0,
    End: items.length - 1,
  };
  return (
    <div
      ref={box}
      class={`list ${sticksToEnd ? 'list-sticky' : ''} ${props.class ?? ''}`}
      style={{'--row': `${rowHeight}px`}}
      role="listbox"
      aria-label={label}
      aria-activedescendant={index >= first && index < first + shown.length ? `${id}-${index}` : undefined}
      tabIndex={0}
      onScroll={({currentTarget}) => noteScroll(currentTarget)}
      onKeyDown={(event) => {
        const item = items[index];
        if (event.key === 'Enter' && item !== undefined) onOpen?.(item);
        const to = steps[event.key];
        if (to === undefined) return;
        event.preventDefault();
        move(to);
      }}
    >
      <div class="list-space" role="presentation" style={{height: `${items.length * rowHeight}px`}}>
        {shown.map((item, offset) => {
          const key = keyOf(item);
          const at = first + offset;
          return (
            <div
              key={key}
              id={`${id}-${at}`}
              class="list-row"
              role="option"
              aria-selected={key === chosen}
              aria-setsize={items.length}
              aria-posinset={at + 1}
              style={{top: `${at * rowHeight}px`, height: `${rowHeight}px`}}
              onClick={() => choose(item)}
              onDblClick={() => onOpen?.(item)}
            >
              {row(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
};
