/** Ends plugins that outlived the network runtime that called them: they would work against its successor. */
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';

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
  return pids.filter((pid) => environmentOf(pid).includes(mark));
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
