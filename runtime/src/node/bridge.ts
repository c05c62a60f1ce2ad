/** The bridge that the pods of this node are on, made before the first of them where it has to be made specially. */
import {access} from 'node:fs/promises';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {bridgeName} from './conflist-of-node.ts';
import {setTo} from './forwarding.ts';

const settings = `/proc/sys/net/ipv6/conf/${bridgeName}`;

/**
 * For IPv6. The plugin leaves duplicate address detection on: for a second or two the first pods would have a gateway
 * that does not answer. And it cannot give an address to a bridge for which the node has IPv6 switched off.
 */
export const prepareBridge = async (exec: Exec): Promise<void> => {
  const isThere = await access(settings).then(
    () => true,
    () => false,
  );
  if (!isThere) await runTool(exec, 'ip', ['link', 'add', bridgeName, 'type', 'bridge']);
  await setTo(`${settings}/disable_ipv6`, '0');
  await setTo(`${settings}/accept_dad`, '0');
};
