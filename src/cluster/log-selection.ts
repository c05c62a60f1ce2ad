/** Selects lines of the network runtimes' logs, and folds the repeated calls of a deletion. */

import type {LogLine} from './runtime-log.ts';

/** The calls of runtime/proto/kni.proto. */
export const kniCalls = [
  'CreateNetwork',
  'DeleteNetwork',
  'AttachInterface',
  'DetachInterface',
  'QueryPodNetwork',
  'SetupNodeNetwork',
  'QueryNodeNetworks',
] as const;

/** Calls of runtime/proto/inspector.proto that only read. kni-demo itself makes them. */
export const inspectingCalls = [
  'ListPodNetworks',
  'InspectPodNetwork',
  'ListOrphans',
  'ListUnfinishedCleanups',
] as const;
/** Calls of runtime/proto/inspector.proto that change the node. */
const repairingCalls = ['Reconcile', 'ForgetPodNetwork', 'AcceptLoss'] as const;
export const calls = [...kniCalls, ...inspectingCalls, ...repairingCalls] as const;

/** In the order of their severity. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface NodeLine {
  readonly node: string;
  readonly line: LogLine;
}

export interface Selection {
  /** `<namespace>/<name>` */
  readonly pod?: string | undefined;
  /** Empty for all. */
  readonly rpcs: readonly string[];
  /** The lowest level. */
  readonly level?: LogLevel | undefined;
  /** The beginning of a sandbox's id. */
  readonly sandbox?: string | undefined;
  /** Include the calls that only inspect. */
  readonly inspecting: boolean;
}

export interface Selector {
  /** Must see every line, in order, before `selects` is asked: CreateNetwork is logged before its sandbox has an id. */
  learn(line: LogLine): void;
  selects(line: LogLine): boolean;
}

export const selectorOf = ({pod, rpcs, level, sandbox, inspecting}: Selection): Selector => {
  const correlations = new Set<string>();
  const isOfSandbox = (line: LogLine): boolean =>
    sandbox === undefined ||
    line.sandbox?.startsWith(sandbox) === true ||
    (line.correlation !== undefined && correlations.has(line.correlation));
  const hidden: ReadonlySet<string> = new Set(inspecting || rpcs.length > 0 ? [] : inspectingCalls);
  const least = logLevels.findIndex((each) => each === level);
  return {
    learn(line) {
      if (sandbox !== undefined && line.correlation !== undefined && line.sandbox?.startsWith(sandbox))
        correlations.add(line.correlation);
    },
    selects: (line) =>
      (pod === undefined || line.pod === pod) &&
      (rpcs.length === 0 || rpcs.includes(line.rpc ?? '')) &&
      !hidden.has(line.rpc ?? '') &&
      // A level that this version does not know is shown.
      !(logLevels.findIndex((each) => each === line.level) < least && isKnownLevel(line.level)) &&
      isOfSandbox(line),
  };
};

const isKnownLevel = (level: string): boolean => logLevels.some((each) => each === level);

/**
 * Removes what a node's runtime logs between its start and the first ready network: the node has no API server yet.
 * If the network never became ready, nothing is removed, because these lines say why. Lines about pods stay.
 */
export const withoutStartUp = (lines: readonly LogLine[]): readonly LogLine[] => {
  const noise = new Set<LogLine>();
  let begun: LogLine[] | undefined;
  for (const line of lines) {
    if (line.msg === 'serving KNI') begun = [];
    else if (line.rpc === 'QueryNodeNetworks' && line['ready'] === true) {
      for (const each of begun ?? []) noise.add(each);
      begun = undefined;
    } else if (line.pod === undefined) begun?.push(line);
  }
  return lines.filter((line) => !noise.has(line));
};

/** The kubelet repeats the calls of a deletion. */
const repeatedCalls: ReadonlySet<string> = new Set(['DetachInterface', 'DeleteNetwork']);
/** The number of deletions to remember while following. */
const remembered = 1_000;

export interface Folder {
  /** Undefined if an equal call of the same deletion came before; else an entry that counts the repetitions. */
  add(line: NodeLine): Folded | undefined;
}

export interface Folded extends NodeLine {
  /** 1, and one more for each repetition. */
  times: number;
}

export const folder = (): Folder => {
  const first = new Map<string, Folded>();
  return {
    add({node, line}) {
      const entry = {node, line, times: 1};
      const network = line.correlation ?? line.sandbox ?? line.netns;
      if (line.level !== 'info' || network === undefined || !repeatedCalls.has(line.rpc ?? '')) return entry;
      const key = [node, network, line.msg].join(' ');
      const before = first.get(key);
      if (before !== undefined) {
        before.times += 1;
        return undefined;
      }
      first.set(key, entry);
      const [oldest] = first.keys();
      if (first.size > remembered && oldest !== undefined) first.delete(oldest);
      return entry;
    },
  };
};
