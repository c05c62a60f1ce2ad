/** Removes this runtime's own network from the node, so that another program can set up its network. */
import type {Exec} from '../process/exec.ts';
import {removeUnusedBridge} from './bridge.ts';
import {removeMasquerade} from './masquerade.ts';
import {applyRoutes} from './routes.ts';
import {removeDevice} from './vxlan-device.ts';
import {removeFirewall} from './vxlan-firewall.ts';

/**
 * Idempotent. Without this, our routes and masquerading would stay in force beside those of the other program, and our
 * tunnel would keep the UDP port that flannel uses, too.
 */
export const removeOwnRouting = async (exec: Exec): Promise<void> => {
  await applyRoutes(exec, []);
  await removeDevice(exec);
  await removeFirewall(exec);
  await removeMasquerade(exec);
  await removeUnusedBridge(exec);
};
