/** listr2 as a board to be written on: it draws, and decides nothing. It is never run. */

import {
  DefaultRenderer,
  Listr,
  ListrDefaultRendererLogLevels,
  type ListrDefaultRendererTask,
  ListrLogger,
  ListrTaskState,
  ProcessOutput,
} from 'listr2';
import type {PlannedTask} from '../graph/events.ts';
import type {Stage} from './stages.ts';
import type {Terminal} from './stream.ts';

export type EntryState = 'running' | 'done' | 'skipped' | 'failed';

/** A line of the board: its text, its mark, and while it is running the last output below it. */
export interface Entry {
  write(text: string): void;
  output(line: string): void;
  mark(state: EntryState): void;
}

export interface Section {
  readonly stage: Stage;
  readonly entry: Entry;
  readonly rows: readonly {readonly task: PlannedTask; readonly entry: Entry}[];
}

export interface Board {
  readonly sections: readonly Section[];
  /** Leaves what it shows on the screen, and gives the terminal back. */
  close(): Promise<void>;
}

const states = {
  running: ListrTaskState.STARTED,
  done: ListrTaskState.COMPLETED,
  skipped: ListrTaskState.SKIPPED,
  failed: ListrTaskState.FAILED,
} as const satisfies Record<EntryState, ListrTaskState>;

/** Titles are ours to change, so that listr2 adds neither timers nor messages to them. */
const rendererOptions = {
  collapseSubtasks: false,
  collapseSkips: false,
  showSkipMessage: false,
  showErrorMessage: false,
  formatOutput: 'truncate',
  icon: {[ListrDefaultRendererLogLevels.SKIPPED_WITHOUT_COLLAPSE]: '↓'},
} as const;

/** listr2's own handler of SIGINT would end the process. */
const listrOptions = {registerSignalListeners: false, exitOnError: false} as const;

export const openBoard = (terminal: Terminal, stages: readonly Stage[]): Board => {
  const root = new Listr<unknown, 'default', 'default'>(stages.map(taskOf), listrOptions);
  const sections = pairs(stages, root.tasks).map(([stage, parent]): Section => {
    const children = new Listr<unknown, 'default', 'default'>(stage.tasks.map(taskOf), listrOptions, parent);
    parent.subtasks = children.tasks;
    const rows = pairs(stage.tasks, children.tasks).map(([task, child]) => ({task, entry: entryOf(child)}));
    return {stage, entry: entryOf(parent), rows};
  });

  const logger = new ListrLogger<ListrDefaultRendererLogLevels>({
    useIcons: true,
    toStderr: [],
    processOutput: new ProcessOutput(terminal, process.stderr),
  });
  const renderer = new DefaultRenderer(root.tasks, {...rendererOptions, logger}, root.events);
  const drawing = renderer.render();
  return {
    sections,
    async close() {
      await drawing;
      renderer.end();
    },
  };
};

const pairs = <A, B>(left: readonly A[], right: readonly B[]): [A, B][] =>
  left.flatMap((a, index) => right.slice(index, index + 1).map((b): [A, B] => [a, b]));

const taskOf = ({title}: {readonly title: string}) => ({title, task: () => undefined});

const entryOf = (task: ListrDefaultRendererTask): Entry => {
  // Enables the task, which happens before the first await; unless enabled it is not drawn.
  void task.check(undefined);
  return {
    write(text) {
      // Not `title$`, which draws at once: the spinner draws ten times a second anyway.
      task.title = text;
    },
    output(line) {
      task.output$ = line;
    },
    mark(state) {
      task.state$ = states[state];
    },
  };
};
