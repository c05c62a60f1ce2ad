/** logs: prints the logs of the network runtimes, for one node or all, for one pod or all. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {type LogLine, parseLogLine} from '../../cluster/runtime-log.ts';
import {runtimeJournal} from '../../tools/journalctl.ts';
import {lineWriter, paletteOf, plainText} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import type {World} from '../world.ts';

export interface LogsOptions {
  readonly name: string;
  readonly follow?: boolean;
  readonly node?: string;
  readonly pod?: string;
  readonly json?: boolean;
}

interface NodeLine {
  readonly node: string;
  readonly line: LogLine;
}

export const logs = async (
  world: World,
  {name, follow = false, node, pod, json = false}: LogsOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  if (node !== undefined) cluster.node(node); // throws when the node is unknown
  const nodes = cluster.nodes.filter((each) => node === undefined || each.name === node);
  requireRunning(name, nodes);
  const wanted = pod === undefined || pod.includes('/') ? pod : `default/${pod}`;
  const write = lineWriter(stdout);
  const paint = paletteOf(stdout);

  const show = ({node: from, line}: NodeLine): void => {
    if (json) return write(JSON.stringify({node: from, ...line}));
    const text = logText({node: from, line});
    write(line.level === 'error' ? paint.red(text) : text);
  };
  // When reading one node fails, stop the others: with --follow they would never end.
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const read = (each: string, onLine: (line: NodeLine) => void) =>
    cluster.node(each).run(runtimeJournal({follow}), {
      signal: either,
      onLine(text) {
        const line = parseLogLine(text);
        if (line && (wanted === undefined || line.pod === wanted)) onLine({node: each, line});
      },
    });
  const readAll = async (onLine: (line: NodeLine) => void): Promise<void> => {
    try {
      await Promise.all(nodes.map((each) => read(each.name, onLine)));
    } finally {
      over.abort();
    }
  };

  if (follow) {
    // Ctrl-C is the normal way to end --follow, not a failure.
    return readAll(show).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  const lines: NodeLine[] = [];
  await readAll((line) => lines.push(line));
  for (const line of lines.sort((a, b) => compare(a.line.time, b.line.time))) show(line);
};

/** Keeps the order of lines with the same time. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `02:31:04.123  test1-worker  AttachInterface ok  default/samplepod  43 ms`. Joins the lines of a plugin's error. */
const logText = ({node, line: {time, msg, pod, ms, error}}: NodeLine): string =>
  [
    time.slice(11, 23),
    node,
    msg,
    ...(pod === undefined ? [] : [pod]),
    ...(ms === undefined ? [] : [`${Math.round(ms)} ms`]),
    ...(error === undefined ? [] : [error]),
  ]
    .map((part) => plainText(part).replaceAll(/\s*[\r\n]\s*/g, ' '))
    .join('  ');
