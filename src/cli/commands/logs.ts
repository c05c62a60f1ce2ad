/** logs: prints the logs of the network runtimes, for one node or all, for one pod or all. */

import {type Cluster, nameFlag, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {readJournals} from '../../cluster/journals.ts';
import {
  folder,
  type LogLevel,
  type NodeLine,
  selectorOf,
  withoutStartUp,
} from '../../cluster/log-selection.ts';
import {noSuchPod} from '../../cluster/placed-pod.ts';
import {findPod} from '../../cluster/pod.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {CommandError} from '../../host/command-error.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import {logText} from '../log-text.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface LogsOptions {
  readonly name: string;
  readonly follow?: boolean;
  readonly node?: string;
  readonly pod?: string;
  readonly sandbox?: string;
  readonly rpc: readonly string[];
  readonly level?: LogLevel;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly tail?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Throws SilentExit when the log of a node could not be read, after showing the others. */
export const logs = async (world: World, options: LogsOptions): Promise<void> => {
  const {name, follow = false, node, rpc: rpcs, level, since, tail, json = false, sandbox} = options;
  const all = json || (options.all ?? false);
  const {signal, stdout, stderr} = world;
  const pod = options.pod === undefined || options.pod.includes('/') ? options.pod : `default/${options.pod}`;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  await noteChanges(world, name);
  if (node !== undefined) {
    cluster.node(node); // throws when the node is unknown
    requireRunning(
      name,
      cluster.nodes.filter((each) => each.name === node),
    );
  }
  const asked = cluster.nodes.filter((each) => node === undefined || each.name === node);
  const warn = lineWriter(stderr);
  let failures = 0;
  const onFailure = (text: string): void => {
    failures += 1;
    warn(paletteOf(stderr).yellow(`! ${text}`));
  };
  for (const each of asked.filter(({running}) => !running))
    onFailure(`${each.name} is stopped; start it: kni-demo start${nameFlag(name)}`);
  const nodes = asked.filter(({running}) => running).map((each) => each.name);

  const write = lineWriter(stdout);
  const format = logText({paint: paletteOf(stdout), nodes: cluster.nodes.map((each) => each.name)});
  const selector = selectorOf({pod, rpcs, level, sandbox, inspecting: all});
  const folding = folder();
  const show = (line: NodeLine, times = 1): void =>
    write(json ? JSON.stringify({node: line.node, ...line.line}) : format(line, times));

  const journals = readJournals(cluster, nodes, {since, follow, signal, onFailure});
  const read = await journals.history();
  for (const {line} of read) selector.learn(line);
  if (sandbox !== undefined && !read.some(({line}) => line.sandbox?.startsWith(sandbox)))
    throw unknownSandbox(sandbox);
  if (pod !== undefined && !read.some(({line}) => line.pod === pod))
    for (const line of await whyNoLines(cluster, pod, {nodes, signal})) warn(line);
  const past = (all ? read : quiet(read, nodes)).filter(({line}) => selector.selects(line));
  const folded = json
    ? past.map((each) => ({...each, times: 1}))
    : past.flatMap((each) => folding.add(each) ?? []);
  for (const {times, ...line} of folded.slice(tail === undefined ? 0 : Math.max(0, folded.length - tail)))
    show(line, times);

  if (follow) {
    await journals.follow((each) => {
      selector.learn(each.line);
      if (selector.selects(each.line) && (json || folding.add(each))) show(each);
    });
  }
  if (failures > 0 && !signal.aborted) throw new SilentExit(exitCodes.failed);
};

const quiet = (lines: readonly NodeLine[], nodes: readonly string[]): readonly NodeLine[] => {
  const kept = new Set(
    nodes.flatMap((node) => withoutStartUp(lines.filter((each) => each.node === node).map(({line}) => line))),
  );
  return lines.filter(({line}) => kept.has(line));
};

const unknownSandbox = (sandbox: string): UserError =>
  new UserError({
    code: 'KNI-E219',
    what: `unknown sandbox ${sandbox}`,
    why: 'no line of the network runtimes names it',
    tryThis: 'leave out --since and --node, or take the id from kni-demo pod inspect',
  });

/** Throws UserError when the pod does not exist. Else says why no line of these nodes is about it. */
const whyNoLines = async (
  cluster: Cluster,
  path: string,
  {nodes, signal}: {readonly nodes: readonly string[]; readonly signal: AbortSignal},
): Promise<readonly string[]> => {
  try {
    const pod = await findPod(cluster.controlPlane, path, signal);
    if (pod === undefined) throw await noSuchPod(cluster, path, signal);
    const {node, hostNetwork} = pod;
    if (hostNetwork) return [`pod ${path} uses the network of its node, so KNI does nothing for it`];
    if (node === undefined) return [`pod ${path} is not scheduled to a node yet`];
    return [
      nodes.includes(node)
        ? `the network runtime of ${node} has logged nothing about pod ${path} in this time`
        : `pod ${path} runs on ${node}`,
    ];
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return [`no line is about pod ${path}, and the API server does not answer: ${error.lastLine}`];
  }
};
