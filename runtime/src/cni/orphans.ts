/** Ends plugins that outlived the network runtime that called them: they would work against its successor. */
import {createHash} from 'node:crypto';
import {readdir, readFile, stat} from 'node:fs/promises';
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
  const orphans = await processesOf(owner);
  for (const pid of orphans) kill(pid);
  // A process that is stuck in the kernel stays; waiting for it would keep the node without a network runtime.
  const patience = performance.now() + patienceMs;
  while (performance.now() < patience && (await processesOf(owner)).length > 0) await delay(5);
  return orphans.length;
};

const processesOf = async (owner: string): Promise<number[]> => {
  const mark = `${ownerVariable}=${owner}`;
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const owned = await Promise.all(pids.map(async (pid) => (await environmentOf(pid)).includes(mark)));
  return pids.filter((_, index) => owned[index]);
};

/** Empty for a process that has ended, a zombie included, or that is not ours to look at. */
const environmentOf = async (pid: number): Promise<string[]> => {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return text.split('\0');
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
};
