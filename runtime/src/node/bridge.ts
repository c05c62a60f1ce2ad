/** Creates the bridge of the pods where the defaults of the bridge plugin do not fit. */
import {access} from 'node:fs/promises';
import {arrayOf} from '../lib/json.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {bridgeName} from './conflist-of-node.ts';
import {setTo} from './forwarding.ts';

const settings4 = `/proc/sys/net/ipv4/conf/${bridgeName}`;

/**
 * Needed for IPv6 only. The plugin leaves duplicate address detection on, so the gateway of the first pods would not answer
 * for a second or two. The plugin also fails on a node that disables IPv6 for new interfaces.
 */
export const prepareBridge = async (exec: Exec, bridge = bridgeName): Promise<void> => {
  const settings = `/proc/sys/net/ipv6/conf/${bridge}`;
  if (!(await exists(settings))) await runTool(exec, 'ip', ['link', 'add', bridge, 'type', 'bridge']);
  await setTo(`${settings}/disable_ipv6`, '0');
  await setTo(`${settings}/accept_dad`, '0');
};

/** Keeps a bridge that pods are still attached to. */
export const removeUnusedBridge = async (exec: Exec): Promise<void> => {
  if (!(await exists(settings4))) return;
  const ports = await runTool(exec, 'ip', ['-json', 'link', 'show', 'master', bridgeName]);
  if (arrayOf(JSON.parse(ports || '[]')).length === 0) await runTool(exec, 'ip', ['link', 'del', bridgeName]);
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
