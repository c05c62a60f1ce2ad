/** Validates names that become host names, labels and file names, before anything is changed. */

import {UserError} from '../errors.ts';
import {calls} from './log-selection.ts';

/** RFC 1123 label. kind appends `-control-plane` to a cluster's name, and a host name has at most 63 characters. */
const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const longestCluster = 63 - '-control-plane'.length;

export const clusterName = (name: string): string => {
  if (label.test(name) && name.length <= longestCluster) return name;
  throw invalid(
    'cluster name',
    name,
    `at most ${longestCluster} lower-case letters, digits and dashes, no dash at either end`,
  );
};

/** RFC 1123 subdomain, as the API server requires. */
export const podName = (name: string): string => {
  if (name.length <= 253 && name.split('.').every((part) => label.test(part))) return name;
  throw invalid(
    'pod name',
    name,
    'at most 253 lower-case letters, digits, dashes and dots, no dash at either end of a part',
  );
};

/** `name` or `namespace/name`, checked before it becomes an argument of kubectl. */
export const podPath = (path: string): string => {
  const [first = '', second, ...more] = path.split('/');
  const valid = more.length === 0 && (second === undefined || (label.test(first) && first.length <= 63));
  if (!valid) throw invalid('pod', path, 'name or namespace/name');
  podName(second ?? first);
  return path;
};

/** Checks only the syntax: the node finds out whether the image exists. */
export const imageReference = (name: string): string => {
  if (/^[\w][\w./:@-]*$/.test(name) && name.length <= 255) return name;
  throw invalid('image', name, 'a name such as kni-demo/sample:1');
};

/** The cluster that commands use without --name. */
export const defaultCluster = {name: 'test1', workers: 1} as const;

/** The pod of the proof. */
export const samplePodName = 'samplepod';

export const workerCount = (text: string): number => {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 9) return count;
  throw invalid('number of workers', text, 'a number from 1 to 9');
};

const mostReplicas = 50;

export const replicaCount = (text: string): number => {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= mostReplicas) return count;
  throw invalid('number of pods', text, `a number from 1 to ${mostReplicas}`);
};

export const comparedPods = (text: string): number => {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 2 && count <= 100) return count;
  throw invalid('number of pods', text, 'a number from 2 to 100');
};

/** `name`, `namespace/name`, or either with `@interface`: an entry of the annotation k8s.v1.cni.cncf.io/networks. */
export const networkSelection = (text: string): string => {
  const [path = '', link, ...more] = text.split('@');
  const isLink = link === undefined || /^[^\s/:@]{1,15}$/.test(link);
  const parts = path.split('/');
  if (more.length === 0 && isLink && parts.length <= 2 && parts.every((part) => label.test(part)))
    return text;
  throw invalid(
    'network',
    text,
    'a NetworkAttachmentDefinition: name, namespace/name, or either with @interface',
  );
};

const unitOfTime: Readonly<Record<string, number>> = {'': 1_000, s: 1_000, m: 60_000, h: 3_600_000};

/** Milliseconds. */
export const timeSpan = (text: string): number => {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  if (digits !== '') return Number(digits) * (unitOfTime[unit] ?? 0);
  throw invalid('time', text, 'a number of seconds, or one with a unit such as 90s, 10m or 2h');
};

/** RFC 3339, with or without the time of day. */
const timestamp = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** A time in the past, given as a time span before now or as a timestamp: milliseconds since the epoch. */
export const timeAgo = (text: string): number => {
  const time = timestamp.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  if (/^\d{1,6}[smh]?$/.test(text)) return Date.now() - timeSpan(text);
  throw invalid(
    'time',
    text,
    'a time span such as 90s, 10m or 2h, or a timestamp such as 2026-11-28T12:00:00Z',
  );
};

export const lineCount = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid('number of lines', text, 'a number');
};

export const portNumber = (text: string): number => {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw invalid('port', text, 'a number from 1 to 65535');
};

export const replaySpeed = (text: string): number => {
  const speed = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && speed >= 0.1 && speed <= 100) return speed;
  throw invalid('speed', text, 'a number from 0.1 to 100');
};

/** Accepts any case, and returns the name as the log has it. */
export const rpcName = (text: string): string => {
  const found = calls.find((each) => each.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw invalid('RPC', text, `one of ${calls.join(', ')}`);
};

export const sandboxPrefix = (text: string): string => {
  if (/^[\w.-]{4,}$/.test(text)) return text;
  throw invalid('sandbox', text, "at least the first 4 characters of a sandbox's id");
};

const invalid = (what: string, given: string, wanted: string): UserError =>
  new UserError({
    // JSON leaves DEL and C1 control characters as they are.
    what: `invalid ${what}: ${JSON.stringify(given).replaceAll(/\p{Cc}/gu, '?')}`,
    why: `it must be ${wanted}`,
    tryThis: `choose a valid ${what}`,
    code: 'KNI-E201',
  });
