/** CNI CHECK: plugins verify that their attachments are unchanged. */
import type {Attachment} from '../cni/attachment.ts';
import {CniError} from '../cni/errors.ts';
import type {InvokePlugin} from '../cni/invocation.ts';
import {type KnownBug, knownBugOf} from '../cni/known-bugs.ts';
import {checkNetwork} from '../cni/network.ts';
import {withinTime} from '../cni/plugin.ts';
import {forever} from './caller.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {Parts, PodNetworkService, UncheckedAttachment} from './lifecycle.ts';
import {podKeyOf} from './pod-ref.ts';

export const createCheck =
  ({records, lock, invoke}: Parts): PodNetworkService['check'] =>
  async (sandbox, {signal, timeLeft = forever} = {}) => {
    const found = records.bySandbox(sandbox);
    if (!found) throw new UnknownNetwork('unknown sandbox');
    const knownBugs: KnownBug[] = [];
    const unchecked: UncheckedAttachment[] = [];
    // Nobody reads a later result, and a Detach of the pod waits for the end.
    const limited = withinTime(invoke, timeLeft);
    const check = async () => {
      const record = records.get(found.key);
      if (record?.state !== 'attached') throw new WrongState('the sandbox is not attached');
      for (const attachment of record.attachments) {
        const target = {sandbox, netns: record.netns};
        const note = (bug: KnownBug) => knownBugs.push(bug);
        const reason = await checkNetwork(pastKnownBugs(limited, attachment, note), attachment, target);
        if (reason !== undefined) unchecked.push({attachment, reason});
      }
    };
    await lock(podKeyOf(found.pod), check, signal);
    return {knownBugs, unchecked};
  };

/** A known bug of one plugin must not prevent the CHECK of later plugins. */
const pastKnownBugs =
  (invoke: InvokePlugin, attachment: Attachment, note: (bug: KnownBug) => void): InvokePlugin =>
  async (command, invocation) => {
    try {
      return await invoke(command, invocation);
    } catch (error) {
      const netns = 'target' in invocation ? invocation.target.netns : '';
      const bug = error instanceof CniError ? knownBugOf(error, attachment, netns) : undefined;
      if (!bug) throw error;
      note(bug);
      return '';
    }
  };
