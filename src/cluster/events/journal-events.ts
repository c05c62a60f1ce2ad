/** Reads events from the log lines of the kubelet and containerd, as `journalctl --output=json` prints them. */

import {z} from 'zod';
import {type ClusterEvent, microsecondsOf, schemaVersion, timeText} from './event.ts';

/** Selects the lines on the node: a Perl regular expression for journalctl. */
export const journalPattern = [
  'SyncLoop',
  'VerifyControllerAttachedVolume started',
  'RunPodSandbox for',
  'StopPodSandbox for',
  'RemovePodSandbox (for )?\\\\?"',
  'CreateContainer within',
  'StartContainer for',
].join('|');

const entry = z.object({
  MESSAGE: z.string(),
  _SYSTEMD_UNIT: z.string(),
  __REALTIME_TIMESTAMP: z.coerce.number(),
});

type Found = Pick<ClusterEvent, 'kind'> & Partial<ClusterEvent>;

/** Lines about one container have no sandbox, so a reader remembers this many of the latest containers. */
const remembered = 10_000;

/** One reader per node: it learns which container belongs to which sandbox. */
export const journalReader = (node: string): ((line: string) => readonly ClusterEvent[]) => {
  const sandboxes = new Map<string, string>();
  const remember = (container: string, sandbox: string): void => {
    sandboxes.set(container, sandbox);
    const [oldest] = sandboxes.keys();
    if (sandboxes.size > remembered && oldest !== undefined) sandboxes.delete(oldest);
  };
  return (line) => {
    const read = parseEntry(line);
    if (read === undefined) return [];
    const {message, microseconds, unit} = read;
    const isContainerd = unit === 'containerd.service';
    const {time, text, error} = (isContainerd ? logfmt : klog)(message, microseconds);
    const base = {version: schemaVersion, time, node};
    if (!isContainerd) return kubeletEvents(text).map((found) => ({...base, source: 'kubelet', ...found}));
    const found = containerdEvent(text, error);
    if (found === undefined) return [];
    const {container, sandbox} = found;
    if (container !== undefined && sandbox !== undefined) remember(container, sandbox);
    const known = sandbox ?? (container === undefined ? undefined : sandboxes.get(container));
    return [{...base, source: 'containerd', ...found, ...(known !== undefined && {sandbox: known})}];
  };
};

const parseEntry = (line: string) => {
  if (!line.startsWith('{')) return undefined;
  try {
    const {data} = entry.safeParse(JSON.parse(line));
    return (
      data && {message: data.MESSAGE, microseconds: data['__REALTIME_TIMESTAMP'], unit: data['_SYSTEMD_UNIT']}
    );
  } catch {
    return undefined;
  }
};

interface LogLine {
  readonly time: string;
  readonly text: string;
  readonly error?: string | undefined;
}

/** The program's own time is before that of the journal, which receives lines late on a busy node. */
const ownTime = (own: number, journal: number): string =>
  timeText(Math.abs(own - journal) < 60_000_000 ? own : journal);

/** containerd: `time="2026-11-28T15:46:58.564057789Z" level=info msg="RunPodSandbox for …"`. */
const logfmt = (message: string, journal: number): LogLine => {
  const time = /^time="([^"]+)"/.exec(message)?.[1] ?? '';
  const quoted = / msg=("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
  const error = / error=("(?:[^"\\]|\\.)*"|\S+)/.exec(message)?.[1];
  return {
    time: ownTime(microsecondsOf(time), journal),
    text: unquote(quoted) ?? message,
    ...(error !== undefined && {error: error.startsWith('"') ? unquote(error) : error}),
  };
};

/** Go's quoted strings are JSON except for rare escapes. */
const unquote = (quoted: string | undefined): string | undefined => {
  try {
    return quoted === undefined ? undefined : String(JSON.parse(quoted));
  } catch {
    return quoted?.slice(1, -1).replaceAll('\\"', '"');
  }
};

/** The kubelet: `I1128 15:47:08.921053     272 reconciler.go:224] text`, without the year. Nodes of kind use UTC. */
const klog = (message: string, journal: number): LogLine => {
  const [, month, day, clock, text] =
    /^[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) +\d+ \S+:\d+\] (.*)$/s.exec(message) ?? [];
  if (text === undefined) return {time: timeText(journal), text: message};
  const year = new Date(journal / 1000).getUTCFullYear();
  return {time: ownTime(microsecondsOf(`${year}-${month}-${day}T${clock}Z`), journal), text};
};

/**
 * `SyncLoop (ADD, "api"): "name_namespace(uid), …"` in Kubernetes 1.20, `"SyncLoop ADD" source="api" pods=["namespace/name"]` in
 * current releases; both need the kubelet's --v=2. Without it, the first trace of a pod is the mount of its volumes.
 */
const kubeletEvents = (text: string): readonly Found[] => {
  const old = /^SyncLoop \((\w+), "\w+"\): "(.*)"$/.exec(text);
  if (old) {
    const kind = syncKinds[old[1] ?? ''];
    const pods = (old[2] ?? '').matchAll(/([\w.-]+)_([\w.-]+)\(([\w-]+)\)/g);
    return kind === undefined
      ? []
      : [...pods].map(([, name, namespace, uid]) => ({kind, pod: `${namespace}/${name}`, uid}));
  }
  const current = /^"SyncLoop (\w+)"(?: source="?\w+"?)? pods=\[([^\]]*)\]/.exec(text);
  if (current) {
    const kind = syncKinds[current[1] ?? ''];
    const pods = (current[2] ?? '').matchAll(/[\w.-]+\/[\w.-]+/g);
    return kind === undefined ? [] : [...pods].map(([pod]) => ({kind, pod}));
  }
  const volume = /VerifyControllerAttachedVolume started for volume .* \(UID: \\?"([\w-]+)\\?"\)/.exec(text);
  const pod = / pod="([\w.-]+\/[\w.-]+)"/.exec(text)?.[1];
  return volume ? [{kind: 'volume-mount', uid: volume[1], ...(pod !== undefined && {pod})}] : [];
};

const syncKinds: Readonly<Record<string, string>> = {
  ADD: 'pod-added',
  UPDATE: 'pod-updated',
  DELETE: 'pod-deleted',
  REMOVE: 'pod-removed',
};

/**
 * Lines of containerd 1.6 to 2. Metadata is `&PodSandboxMetadata{Name:a,Uid:b,Namespace:c,Attempt:0,}`, or
 * `name:"a" uid:"b" namespace:"c"` since the CRI's new protobuf code.
 */
const containerdEvent = (text: string, error: string | undefined): Found | undefined => {
  const ended = endOf(text, error);
  if (text.startsWith('RunPodSandbox for ')) {
    const [name, uid, namespace] = ['name', 'uid', 'namespace'].map((field) => metadataIn(text, field));
    const sandbox = /returns sandbox id "(\w+)"/.exec(text)?.[1];
    return {
      kind: sandbox === undefined && ended.error === undefined ? 'sandbox-starting' : 'sandbox-started',
      ...(name !== undefined && namespace !== undefined && {pod: `${namespace}/${name}`}),
      uid,
      sandbox,
      ...ended,
    };
  }
  const created = /^CreateContainer within sandbox "(\w+)" for (?:container )?(.*)$/s.exec(text);
  if (created) {
    const container = /returns container id "(\w+)"/.exec(text)?.[1];
    const isEnd = container !== undefined || ended.error !== undefined;
    return {
      kind: isEnd ? 'container-created' : 'container-creating',
      sandbox: created[1],
      container,
      ...ended,
    };
  }
  const [, verb, id] = /^(StartContainer|StopPodSandbox|RemovePodSandbox)(?: for)? "(\w+)"/.exec(text) ?? [];
  if (verb === undefined) return undefined;
  const isEnd = text.endsWith(' returns successfully') || ended.error !== undefined;
  const [begun, done] = verbs[verb] ?? ['', ''];
  return {
    kind: isEnd ? done : begun,
    ...(verb === 'StartContainer' ? {container: id} : {sandbox: id}),
    ...ended,
  };
};

const verbs: Readonly<Record<string, readonly [begun: string, done: string]>> = {
  StartContainer: ['container-starting', 'container-started'],
  StopPodSandbox: ['sandbox-stopping', 'sandbox-stopped'],
  RemovePodSandbox: ['sandbox-removing', 'sandbox-removed'],
};

const metadataIn = (text: string, field: string): string | undefined =>
  new RegExp(`[{, ]${field}:(?:"([^"]*)"|([^,}\\s]*))`, 'i').exec(text)?.slice(1).find(Boolean);

/** The error with which a call ended, from the field `error` or from the text. */
const endOf = (text: string, field: string | undefined): {readonly error?: string} => {
  const [, inText] = / (?:failed|returns error)(?:, error|:)? ?(.*)$/s.exec(text) ?? [];
  const error = field ?? inText;
  return error === undefined ? {} : {error};
};
