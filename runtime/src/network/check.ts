/** Asks the plugins whether what they attached is still as they left it. */
import {checkNetwork} from '../cni/network.ts';
import {UnknownNetwork, WrongState} from './errors.ts';
import type {Parts, PodNetworks} from './pod-networks.ts';
import {podKeyOf} from './pod-ref.ts';

export const createCheck =
  ({records, lock, invoke}: Parts): PodNetworks['check'] =>
  async (sandbox) => {
    const found = records.bySandbox(sandbox);
    if (!found) throw new UnknownNetwork('the sandbox is not known');
    await lock(podKeyOf(found.pod), async () => {
      const record = records.get(found.key);
      if (record?.state !== 'attached') throw new WrongState('the sandbox is not attached');
      for (const attachment of record.attachments)
        await checkNetwork(invoke, attachment, {sandbox, netns: record.netns});
    });
  };
