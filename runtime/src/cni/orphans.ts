/**
 * Ends plugins that outlived the network runtime that called them: they would work against its successor. A daemon that a
 * plugin has started on purpose, such as a DHCP client, leaves the plugin's process group, and is not ended.
 */
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {groupVariable} from '../process/own-group.ts';

/** Marks what a network runtime starts; inherited by delegated plugins. */
export const ownerVariable = 'KNI_RUNTIME';

/** Of one state, on one host: the same path may be another directory where processes of other nodes are seen too. */
export const ownerOf = async (stateDir: string): Promise<string> => {
  const {ino} = await stat('/proc/self/ns/net');
  return `${createHash('sha256').update(stateDir).digest('hex').slice(0, 32)}-${ino}`;
};

const patienceMs = 5_000;

/** To be called by whoever holds the lock. Returns how many there were. */
export const killOrphans = async (owner: string): Promise<number> => {
  const orphans = processesOf(owner);
  for (const pid of orphans) kill(pid);
  // A process that is stuck in the kernel stays; waiting for it would keep the node without a network runtime.
  const patience = performance.now() + patienceMs;
  while (performance.now() < patience && processesOf(owner).length > 0) await delay(5);
  return orphans.length;
};

/** At once: promises for some hundred small files would take longer than all else at a start. */
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

/** Without the variable it was started by a version that ended them all. */
const isInGroupOf = (environment: readonly string[], pid: number): boolean => {
  const group = environment.find((each) => each.startsWith(`${groupVariable}=`));
  return group === undefined || group === `${groupVariable}=${groupOf(pid)}`;
};

/** Empty for a process that has ended. Its name, in parentheses, may hold anything: `7 (a) b) S 1 7 …`. */
const groupOf = (pid: number): string => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')')).split(' ')[3] ?? '';
  } catch {
    return '';
  }
};

/** Empty for a process that has ended, a zombie included, or that is not ours to look at. */
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
    // it has ended by itself
  }
};
