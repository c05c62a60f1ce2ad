/** Makes the netns of a pod, and its record before that. */
import {randomBytes} from 'node:crypto';
import {crashPoint} from '../crash-point.ts';
import {type NetnsDir, netnsPathOf} from '../netns/netns-dir.ts';
import {NetnsFailed} from './errors.ts';
import type {Parts, PodNetworks} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';
import type {PodNetwork} from './record.ts';

export const createCreate =
  ({records, netns, lock, now}: Parts): PodNetworks['create'] =>
  (pod, attempt, signal) => {
    const podKey = podKeyOf(pod);
    const make = async (): Promise<PodNetwork> => {
      const ofPod = records.ofPod(pod).filter((record) => podKeyOf(record.pod) === podKey);
      const waiting = ofPod.find((record) => isWaiting(record, attempt));
      if (waiting) {
        const again: PodNetwork = {...waiting, createdAt: now()};
        await records.put(again);
        await makeNetns(netns, again.netns);
        return again;
      }
      const key = `${podKey}-${serial()}`;
      const record: PodNetwork = {
        key,
        pod,
        attempt,
        netns: netnsPathOf(netns.path, key),
        state: 'created',
        createdAt: now(),
        attachments: [],
      };
      crashPoint('create: before record');
      await records.put(record);
      crashPoint('create: record written');
      try {
        await makeNetns(netns, record.netns);
        crashPoint('create: netns made');
      } catch (error) {
        await records.drop(key);
        throw error;
      }
      return record;
    };
    return lock(podKey, make, signal);
  };

const makeNetns = async (netns: NetnsDir, path: string): Promise<void> => {
  try {
    await netns.create(path);
  } catch (error) {
    await netns.remove(path).catch(() => undefined); // the error worth telling is the first one
    throw new NetnsFailed('the netns cannot be made', {cause: error});
  }
};

/** A repeated call gets the same netns, unless a sandbox has been seen in it. */
const isWaiting = ({attempt, state, sandbox}: PodNetwork, wanted: string): boolean =>
  attempt === wanted && state === 'created' && sandbox === undefined;

/** Random rather than counted: a number that starts again would let a late DeleteNetwork hit a new netns. */
const serial = (): string => randomBytes(4).toString('hex');
