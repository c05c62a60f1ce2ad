/** Manages the networks of this node's pods, from creation to deletion. */
import {emitCleanups} from '../events/emit-records.ts';
import {createGate, type Gate} from '../lib/gate.ts';
import type {Lock} from '../lib/keyed-lock.ts';
import {createAbandonedNetworks} from './abandoned.ts';
import {createAdmission} from './admission.ts';
import {createAttach} from './attach.ts';
import {createCheck} from './check.ts';
import {createCleanupRetries} from './cleanup-retries.ts';
import {createCreate} from './create.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import {forget} from './forget.ts';
import type {CleanupParts, Parts, PodNetworkService} from './lifecycle.ts';
import {listOrphans} from './list-orphans.ts';
import {createReconcile} from './reconcile.ts';
import {createSweep} from './sweep.ts';
import {createTeardown, dropIfGone} from './teardown.ts';
import {retryAllUnfinished, unfinishedCleanups} from './unfinished-cleanups.ts';

export const createPodNetworkService = (dependencies: Parts): PodNetworkService => {
  const gate = createGate();
  const {records, uptime, cleanupLimits, emit} = dependencies;
  const retries = createCleanupRetries(uptime, cleanupLimits.giveUpAfterMs);
  const cleanups = emitCleanups(retries, records, emit);
  // If no kubelet detaches them again, these cleanups must also become pending some day.
  for (const {key} of records.unsettled()) cleanups.begin(key);
  const parts: CleanupParts = {...dependencies, cleanups, lock: behindGate(gate, dependencies.lock)};
  const abandoned = createAbandonedNetworks(parts.uptime);
  return {
    create: createCreate(parts),
    attach: createAttach(parts, abandoned, createAdmission(parts)),
    query: (sandbox) => {
      const found = records.bySandbox(sandbox);
      if (!found) throw new UnknownNetwork('unknown sandbox');
      if (found.state !== 'attached')
        throw new WrongState(`the sandbox is not attached: its network is ${found.state}`);
      abandoned.claim(found);
      return found;
    },
    check: createCheck(parts),
    ...createTeardown(parts),
    sweep: createSweep(parts, abandoned),
    unfinished: () => unfinishedCleanups(parts),
    retryUnfinished: () => retryAllUnfinished(parts),
    forget: (key) => forget(parts, key),
    reconcile: createReconcile(parts, gate, (key) => dropIfGone(parts, key)),
    orphans: () => listOrphans(parts),
    acceptLoss: parts.acceptLoss,
  };
};

const behindGate = (gate: Gate, lock: Lock): Lock =>
  Object.assign(
    <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) =>
      lock(key, () => gate.shared(work, signal), signal),
    {isHeld: lock.isHeld},
  );
