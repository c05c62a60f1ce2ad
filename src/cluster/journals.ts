/** Reads the network runtimes' logs of several nodes: the existing lines, then new ones as they are written. */

import {CommandError} from '../host/command-error.ts';
import type {Command, RunOptions} from '../host/host.ts';
import {cursorOf, runtimeJournal} from '../tools/journalctl.ts';
import {untilStdinEnds} from '../tools/until-stdin-ends.ts';
import type {Cluster} from './cluster.ts';
import type {NodeLine} from './log-selection.ts';
import {parseLogLine} from './runtime-log.ts';

export interface JournalsOptions {
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Whether `follow` will be called. */
  readonly follow: boolean;
  /** Aborting ends `follow` without an error. */
  readonly signal: AbortSignal;
  /** Called with one line of text for each node whose journal cannot be read. The other nodes are read nevertheless. */
  readonly onFailure: (text: string) => void;
}

export interface Journals {
  /** All lines, in the order of time; lines of the same time in the order of their node's journal. */
  history(): Promise<readonly NodeLine[]>;
  /** Passes on the lines after the history as they come. Resolves when no node is left to read. */
  follow(onLine: (line: NodeLine) => void): Promise<void>;
}

export const readJournals = (
  cluster: Pick<Cluster, 'node'>,
  nodes: readonly string[],
  {since, follow, signal, onFailure}: JournalsOptions,
): Journals => {
  const cursors = new Map<string, string | undefined>();

  const read = async (
    node: string,
    command: Command,
    options: Pick<RunOptions, 'onLine' | 'holdInput'>,
  ): Promise<boolean> => {
    try {
      await cluster.node(node).run(command, {signal, ...options});
      return true;
    } catch (error) {
      if (signal.aborted || !(error instanceof CommandError)) throw error;
      onFailure(`cannot read the log of ${node}: ${error.lastLine}`);
      return false;
    }
  };

  return {
    async history() {
      const lines: NodeLine[] = [];
      await Promise.all(
        nodes.map(async (node) => {
          let cursor: string | undefined;
          const onLine = (text: string): void => {
            cursor = cursorOf(text) ?? cursor;
            const line = parseLogLine(text);
            if (line) lines.push({node, line});
          };
          const isRead = await read(node, runtimeJournal({since, showCursor: follow}), {onLine});
          if (isRead) cursors.set(node, cursor);
        }),
      );
      return lines.sort((a, b) => compare(a.line.time, b.line.time));
    },
    async follow(onLine) {
      try {
        await Promise.all(
          [...cursors].map(([node, afterCursor]) => {
            const command = untilStdinEnds(runtimeJournal({follow: true, since, afterCursor}));
            const onText = (text: string): void => {
              const line = parseLogLine(text);
              if (line) onLine({node, line});
            };
            return read(node, command, {onLine: onText, holdInput: true});
          }),
        );
      } catch (error) {
        // Ctrl-C is the normal way to end --follow, not a failure.
        if (!signal.aborted) throw error;
      }
    },
  };
};

/** Keeps the order of lines with the same time. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
