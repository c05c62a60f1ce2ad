/** Detaches and deletes. Undoing goes on whatever the disk does, and may be repeated until it has succeeded. */
import {textOf} from '../log.ts';
import {keyOfNetnsPath} from '../netns/netns-dir.ts';
import {delAll} from './attachments.ts';
import type {Parts, PodNetworks} from './pod-networks.ts';
import {podKeyOf, podNameOf} from './pod-ref.ts';
import {isUndone, type PodNetwork} from './record.ts';
import {type Selector, selectForUndo} from './select.ts';

/** More than the 4 minutes that a kubelet gives a sandbox to be made. */
const abandonedMs = 600_000;

export const createUndo = (parts: Parts): Pick<PodNetworks, 'detach' | 'delete' | 'sweep'> => {
  const {records, netns, lock, log, now} = parts;
  const startedAt = now();

  const onSelected = async (
    selector: Selector,
    signal: AbortSignal | undefined,
    work: (record: PodNetwork) => Promise<void>,
  ) => {
    const found = selectForUndo(records.all(), selector);
    if (!found) return undefined;
    const onCurrent = async () => {
      const current = records.get(found.key);
      if (current) await work(current);
    };
    await lock(podKeyOf(found.pod), onCurrent, signal);
    return found;
  };

  const detach = async (record: PodNetwork): Promise<void> => {
    if (isUndone(record)) return;
    const detaching: PodNetwork = {...record, state: 'detaching'};
    await records.force(detaching);
    await undoAttachments(parts, detaching, 'detached');
  };

  const remove = async (record: PodNetwork): Promise<void> => {
    await detach(record);
    await netns.remove(record.netns); // after DEL: plugins want to see what they undo
    await records.drop(record.key);
  };

  /** The kubelet that asked for it is gone, and with it who would have had it deleted. */
  const isAbandoned = ({state, sandbox, createdAt = startedAt}: PodNetwork): boolean =>
    state === 'created' && sandbox === undefined && now() - createdAt > abandonedMs;
  const isLeft = (record: PodNetwork): boolean =>
    isAbandoned(record) || !(isUndone(record) || record.state === 'attached');

  const sweepOne = async (record: PodNetwork): Promise<void> => {
    if (isAbandoned(record)) {
      await remove(record);
      log.info('deleted a network that no sandbox came for', {
        pod: podNameOf(record.pod),
        uid: record.pod.uid,
      });
      return;
    }
    if (!isLeft(record)) return;
    await undoAttachments(parts, record, record.state === 'attaching' ? 'created' : 'detached');
    // Without a netns, as after a node restart, there is no sandbox either that someone will delete.
    if (!(await netns.exists(record.netns))) await records.drop(record.key);
    log.info('undid what was left', {
      pod: podNameOf(record.pod),
      uid: record.pod.uid,
      sandbox: record.sandbox,
    });
  };

  return {
    detach: (selector, signal) => onSelected(selector, signal, detach),
    delete: async (selector, signal) => {
      const found = await onSelected(selector, signal, remove);
      // A netns of ours without a record: the record was lost. One whose record has another sandbox is not meant.
      const nobodys = !records.all().some((record) => record.netns === selector.netns);
      const ours = keyOfNetnsPath(netns.path, selector.netns) !== undefined;
      if (!found && ours && nobodys) await netns.remove(selector.netns);
      return found;
    },
    sweep: async () => {
      const onOne = async ({key, pod, sandbox}: PodNetwork) => {
        const onCurrent = async () => {
          const current = records.get(key);
          if (current) await sweepOne(current);
        };
        await lock(podKeyOf(pod), onCurrent).catch((error: unknown) => {
          log.warn('cannot undo what is left yet', {
            pod: podNameOf(pod),
            uid: pod.uid,
            sandbox,
            error: textOf(error),
          });
        });
      };
      await Promise.all(records.all().filter(isLeft).map(onOne));
    },
  };
};

/** DEL with what ADD was given; only when all of it has succeeded does the record say so. */
export const undoAttachments = async (
  {records, netns, invoke}: Parts,
  record: PodNetwork,
  state: 'created' | 'detached',
): Promise<PodNetwork> => {
  const sandbox = record.sandbox ?? ''; // always there once something is attached
  const present = await netns.exists(record.netns);
  await delAll(invoke, record.attachments, {sandbox, netns: present ? record.netns : ''});
  const undone: PodNetwork = {...record, state, attachments: []};
  await records.force(undone);
  return undone;
};
