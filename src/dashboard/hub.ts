/** Passes on messages from one set of sources to any number of readers, each at its own pace. */

import type {FeedMessage, StartMessage} from './feed.ts';

export interface Hub {
  readonly publish: (message: FeedMessage) => void;
  /** Records each message as a line of JSON, at once and in order. It must not throw. Returns a function that ends it. */
  tap(onLine: (line: string) => void): () => void;
  /** A new reader gets the start message, the stored events and log lines, the current state, and then each new message. */
  subscribe(): Reader;
  readers(): number;
  /** Ends all readers. */
  close(): void;
}

export interface Reader {
  /** The next message as a line of JSON. Undefined after the end. Call it again only after it has resolved. */
  next(): Promise<string | undefined>;
  end(): void;
}

export interface HubOptions {
  readonly start: Omit<StartMessage, 'type' | 'time'>;
  /** Characters of past events and log lines to remember. */
  readonly memory?: number;
  /** Characters that may wait for one reader. */
  readonly backlog?: number;
  readonly now?: () => Date;
}

/** About 24,000 events: with requests and responses, each has about 330 characters on average. */
const defaultMemory = 8_000_000;
const defaultBacklog = 4_000_000;

export const createHub = ({
  start,
  memory = defaultMemory,
  backlog = defaultBacklog,
  now = () => new Date(),
}: HubOptions): Hub => {
  const past = createQueue();
  const remember = (line: string): void => {
    past.add(line);
    while (past.characters() > memory) past.take();
  };
  /** Messages that replace their predecessors. */
  const state: {snapshot?: string; lost?: string | undefined} = {};
  const readers = new Set<Waiting>();
  const taps = new Set<(line: string) => void>();
  let isClosed = false;
  const time = (): string => now().toISOString();
  const stateLines = (): readonly string[] =>
    [state.snapshot, state.lost].filter((line) => line !== undefined);
  const startLine = (rest: Partial<StartMessage> = {}): string =>
    JSON.stringify({type: 'start', time: time(), ...start, ...rest});

  return {
    publish(message) {
      const line = JSON.stringify(message);
      if (message.type === 'snapshot') state.snapshot = line;
      else if (message.type === 'lost') state.lost = line;
      else if (message.type === 'back') state.lost = undefined;
      // Calls that repeat every few seconds would displace all others.
      else if (message.type !== 'event' || !message.routine) remember(line);
      for (const tap of taps) tap(line);
      for (const reader of readers) reader.add(line);
    },
    tap(onLine) {
      onLine(startLine({live: false, readOnly: true, actions: [], drills: []}));
      for (const line of [...past.lines(), ...stateLines()]) onLine(line);
      taps.add(onLine);
      return () => taps.delete(onLine);
    },
    subscribe() {
      const first = [startLine(), ...past.lines(), ...stateLines()];
      const reader = createReader(first, {
        backlog,
        // After lost messages, the state must be right again.
        afterLoss: (messages) => [
          JSON.stringify({type: 'dropped', time: time(), messages}),
          ...(state.lost === undefined ? [JSON.stringify({type: 'back', time: time()})] : []),
          ...stateLines(),
        ],
        onEnd: () => readers.delete(reader),
      });
      if (isClosed) reader.end();
      else readers.add(reader);
      return reader;
    },
    readers: () => readers.size,
    close() {
      isClosed = true;
      for (const reader of readers) reader.end();
    },
  };
};

interface Waiting extends Reader {
  add(line: string): void;
}

interface ReaderOptions {
  readonly backlog: number;
  /** What replaces lost messages. */
  readonly afterLoss: (messages: number) => readonly string[];
  readonly onEnd: () => void;
}

/** The lines in `first` are shared with the hub, so they do not count as the reader's backlog. */
const createReader = (first: readonly string[], {backlog, afterLoss, onEnd}: ReaderOptions): Waiting => {
  const [history, waiting] = [createQueue(), createQueue()];
  for (const line of first) history.add(line);
  let lost = 0;
  let notes: string[] = [];
  let isEnded = false;
  let wake: (() => void) | undefined;
  const take = (): string | undefined => {
    const old = history.take();
    if (old !== undefined) return old;
    lost = 0;
    return notes.shift() ?? waiting.take();
  };
  return {
    add(line) {
      waiting.add(line);
      if (waiting.characters() > backlog) {
        lost += waiting.lines().length;
        waiting.clear();
        notes = [...afterLoss(lost)];
      }
      wake?.();
    },
    async next() {
      for (;;) {
        if (isEnded) return undefined;
        const line = take();
        if (line !== undefined) return line;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    end() {
      isEnded = true;
      history.clear();
      waiting.clear();
      wake?.();
      onEnd();
    },
  };
};

/** Lines in order, without the cost of moving all of them for each that is taken. */
const createQueue = () => {
  let lines: string[] = [];
  let first = 0;
  let characters = 0;
  const clear = (): void => {
    lines = [];
    first = 0;
    characters = 0;
  };
  return {
    add(line: string): void {
      lines.push(line);
      characters += line.length;
    },
    take(): string | undefined {
      const line = lines[first];
      if (line === undefined) return undefined;
      first += 1;
      characters -= line.length;
      if (first * 2 > lines.length) {
        lines = lines.slice(first);
        first = 0;
      }
      return line;
    },
    clear,
    lines: (): readonly string[] => lines.slice(first),
    characters: (): number => characters,
  };
};
