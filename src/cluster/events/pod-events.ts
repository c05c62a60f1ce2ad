/** Reads what the API server says about pods, as `kubectl get --watch` prints it. */

import {type ClusterEvent, microsecondsOf, schemaVersion, timeText} from './event.ts';

type Milestone =
  | 'pod-created'
  | 'pod-scheduled'
  | 'pod-ip'
  | 'pod-ready'
  | 'pod-not-ready'
  | 'pod-deleting'
  | 'pod-gone';

/** A change that is seen this long after its second is old: it came with the first list. */
const liveUs = 3_000_000;

/** Changes that come with the first list are older than this reader. Pods that are remembered are bounded by the cluster. */
export const podReader = (now: () => number): ((line: string) => readonly ClusterEvent[]) => {
  const seen = new Map<string, ReadonlyMap<Milestone, string>>();
  return (line) => {
    const change = parseChange(line);
    if (change === undefined) return [];
    const {pod, uid, node} = change;
    const arrived = now();
    const isOld = !seen.has(uid) && !isLive(change.created, arrived);
    const before = seen.get(uid) ?? new Map<Milestone, string>();
    const milestones = new Map(milestonesOf(change));
    if (change.type === 'DELETED') seen.delete(uid);
    else seen.set(uid, milestones);
    return (
      [...milestones]
        .filter(([kind, value]) => before.get(kind) !== value)
        .filter(([kind]) => kind !== 'pod-deleting' || !before.has(kind)) // a later deletion only shortens the grace period
        // Its time is unknown.
        .filter(([kind]) => kind !== 'pod-ip' || !isOld)
        // A new pod is not Ready; only the loss of readiness is an event.
        .filter(([kind]) => kind !== 'pod-not-ready' || before.has('pod-ready'))
        .map(([kind, value]) => ({
          version: schemaVersion,
          time: timeOf(kind === 'pod-ip' || kind === 'pod-gone' ? '' : value, arrived),
          node,
          source: 'api' as const,
          kind,
          pod,
          uid,
          ...((kind === 'pod-ip' || kind === 'pod-ready') && change.ip !== '' && {address: change.ip}),
        }))
    );
  };
};

/**
 * The API server has seconds. A change that is seen at once gets the time of its arrival, which is some milliseconds late; an
 * older one gets its second.
 */
const timeOf = (second: string, arrived: number): string =>
  timeText(isLive(second, arrived) ? arrived : microsecondsOf(second));

/** An empty text is live, too. */
const isLive = (second: string, arrived: number): boolean => !(arrived - microsecondsOf(second) >= liveUs);

interface Change {
  readonly type: string;
  readonly pod: string;
  readonly uid: string;
  readonly node: string | undefined;
  readonly ip: string;
  readonly created: string;
  readonly deleted: string;
  readonly scheduled: string;
  readonly ready: string;
  readonly readySince: string;
}

/** In the order in which they happen. */
const milestonesOf = (change: Change): [Milestone, string][] => {
  const {type, ip, created, deleted, scheduled, ready, readySince} = change;
  const all: [Milestone, string][] = [
    ['pod-created', created],
    ['pod-scheduled', scheduled],
    ['pod-ip', ip],
    [ready === 'True' ? 'pod-ready' : 'pod-not-ready', ready === '' ? '' : readySince],
    ['pod-deleting', deleted],
    ['pod-gone', type === 'DELETED' ? type : ''],
  ];
  return all.filter(([, value]) => value !== '');
};

/** The columns of `watchPods`. */
const parseChange = (line: string): Change | undefined => {
  const columns = line.split('|');
  if (columns.length !== 11) return undefined;
  const [type = '', pod = '', uid = '', node = '', ip = '', created = '', deleted = ''] = columns;
  const [scheduledStatus, scheduledAt = '', ready = '', readySince = ''] = columns.slice(7);
  const scheduled = scheduledStatus === 'True' ? scheduledAt : '';
  return {type, pod, uid, node: node || undefined, ip, created, deleted, scheduled, ready, readySince};
};
