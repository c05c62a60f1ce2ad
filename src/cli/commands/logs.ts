/** logs: what the network runtimes say, of one node or all, of one pod or all. */

import {requireCluster} from '../../cluster/cluster.ts';
import {type LogLine, parseLogLine} from '../../cluster/runtime-log.ts';
import {runtimeJournal} from '../../tools/journalctl.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {demoContext} from '../context.ts';
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
  const {host} = await demoContext(world, {cluster: {name, workers: 1}});
  const cluster = await requireCluster(host, name);
  const nodes = node === undefined ? cluster.nodes.map((each) => each.name) : [node];
  const hosts = nodes.map((each) => ({node: each, host: cluster.node(each)}));
  const wanted = pod === undefined ? undefined : pod.includes('/') ? pod : `default/${pod}`;
  const write = lineWriter(stdout);
  const paint = paletteOf(stdout);

  const show = ({node: from, line}: NodeLine): void => {
    if (json) return write(JSON.stringify({node: from, ...line}));
    const text = textOf({node: from, line});
    write(line.level === 'error' ? paint.red(text) : text);
  };
  const read = (each: (typeof hosts)[number], onLine: (line: NodeLine) => void) =>
    each.host.run(runtimeJournal({follow}), {
      signal,
      onLine(text) {
        const line = parseLogLine(text);
        if (line && (wanted === undefined || line.pod === wanted)) onLine({node: each.node, line});
      },
    });

  if (follow) {
    // Ctrl-C is how following ends: that is no failure.
    await Promise.all(hosts.map((each) => read(each, show))).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return;
  }
  const lines: NodeLine[] = [];
  await Promise.all(hosts.map((each) => read(each, (line) => lines.push(line))));
  for (const line of lines.sort((a, b) => (a.line.time < b.line.time ? -1 : 1))) show(line);
};

/** `02:31:04.123 test1-worker AttachInterface ok  default/samplepod 43 ms` */
const textOf = ({node, line: {time, msg, pod, ms, error}}: NodeLine): string =>
  [
    time.slice(11, 23),
    node,
    msg,
    ...(pod === undefined ? [] : [pod]),
    ...(ms === undefined ? [] : [`${Math.round(ms)} ms`]),
    ...(error === undefined ? [] : [error]),
  ].join('  ');
