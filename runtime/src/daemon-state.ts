/** Opens the state of the network runtime. Takes the locks first, so that two network runtimes cannot share a state. */
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {killOrphans, ownerOf, ownerVariable} from './cni/orphans.ts';
import type {Options} from './flags.ts';
import {errorText, type Log} from './log.ts';
import {batchCommand} from './netns/netns-batch.ts';
import {type NetnsDir, openNetnsDir} from './netns/netns-dir.ts';
import {openRecordStore, type RecordStore} from './network/record-store.ts';
import {signsOfPods} from './node/running-pods.ts';
import {createExec, type ExecOptions, type Programs} from './process/exec.ts';
import {takeLock} from './server/instance-lock.ts';
import {lockSocket} from './server/socket.ts';

export const ipamDirOf = ({stateDir}: Options): string => join(stateDir, 'ipam');

export const pathsOf = (options: Options) => ({
  netnsDir: options.netnsDir,
  confDir: options.confDir,
  ipamDir: ipamDirOf(options),
});

export interface State {
  readonly exec: Programs;
  readonly netns: NetnsDir;
  readonly store: RecordStore;
}

/** Opens the state that survives a restart, and kills orphaned plugins of the process before. */
export const openState = async (
  options: Options,
  log: Log,
  execOptions: Pick<ExecOptions, 'stop' | 'openShells'>,
): Promise<State> => {
  const {stateDir, netnsDir} = options;
  await lockAll(options);
  const owner = await ownerOf(stateDir);
  const reading = openRecordStore(join(stateDir, 'pods'), () => signsOfPods(pathsOf(options)));
  reading.catch(() => undefined); // it is awaited below
  const orphans = await killOrphans(owner); // before this network runtime starts processes with the same owner
  if (orphans > 0) log.warn('killed orphaned plugins of an earlier network runtime', {processes: orphans});
  const scratchDir = join(stateDir, 'scratch');
  await rm(scratchDir, {recursive: true, force: true}).catch(() => undefined); // a failed write will say why
  // A plugin and the next one, which starts early. More pods at once open more, and `systemctl status` lists them all.
  const exec = createExec({...execOptions, env: {[ownerVariable]: owner}, readyShells: 2, scratchDir});
  const batch = {open: () => exec.startLongLived(batchCommand), when: execOptions.openShells};
  const [netns, store] = await Promise.all([openNetnsDir(netnsDir, exec, batch), reading]);
  const trouble = store.trouble();
  if (trouble)
    log.error('state directory is not writable; refusing attachments', {error: errorText(trouble)});
  return {exec, netns, store};
};

/** Two network runtimes must not write the same directory: the second one does not start. */
const lockAll = async ({socket, stateDir, netnsDir, confDir, foreignNetwork}: Options): Promise<void> => {
  const taken = await Promise.allSettled([
    takeLock(join(stateDir, 'lock'), stateDir),
    lockSocket(socket),
    takeLock(`${netnsDir}.kni-lock`, netnsDir, 0o755), // beside the directory: `ip netns` lists every file inside
    // A directory of another program gets no lock file: that program lists it, and we write nothing there.
    ...(foreignNetwork === undefined ? [takeLock(join(confDir, '.kni-lock'), confDir, 0o755)] : []),
  ]);
  for (const lock of taken) if (lock.status === 'rejected') throw lock.reason;
};
