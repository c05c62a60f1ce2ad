/**
 * Kills orphaned plugins: those that outlived the network runtime that started them and would interfere with the next one.
 * A daemon that a plugin started on purpose, such as a DHCP client, has left the plugin's process group and is kept.
 */
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {groupVariable} from '../process/own-group.ts';

/** Marks the processes of a network runtime; delegated plugins inherit it. */
export const ownerVariable = 'KNI_RUNTIME';

/** Identifies a state directory on one node: other nodes on the same host may use the same path. */
export const ownerOf = async (stateDir: string): Promise<string> => {
  const {ino} = await stat('/proc/self/ns/net');
  return `${createHash('sha256').update(stateDir).digest('hex').slice(0, 32)}-${ino}`;
};

const killTimeoutMs = 5_000;

/** Must be called with the state directory locked. Returns the number of orphans. */
export const killOrphans = async (owner: string): Promise<number> => {
  const orphans = processesOf(owner);
  for (const pid of orphans) kill(pid);
  // A process that is stuck in the kernel cannot be killed; the node must not wait for it forever.
  const deadline = performance.now() + killTimeoutMs;
  while (performance.now() < deadline && processesOf(owner).length > 0) await delay(5);
  return orphans.length;
};

/** Synchronous: promises for hundreds of small files would take longer than the rest of the start. */
const processesOf = (owner: string): number[] => {
  const mark = `${ownerVariable}=${owner}`;
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => {
    const environment = environmentOf(pid);
    return environment.includes(mark) && isInGroupOf(environment, pid);
  });
};

/** Without the variable, an older version started it, which killed all processes it had marked. */
const isInGroupOf = (environment: readonly string[], pid: number): boolean => {
  const group = environment.find((each) => each.startsWith(`${groupVariable}=`));
  return group === undefined || group === `${groupVariable}=${groupOf(pid)}`;
};

/** Empty for a process that has ended. The name in parentheses may contain anything: `7 (a) b) S 1 7 …`. */
const groupOf = (pid: number): string => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')')).split(' ')[3] ?? '';
  } catch {
    return '';
  }
};

/** Empty for a process that has ended or is not readable. */
const environmentOf = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has already ended
  }
};
