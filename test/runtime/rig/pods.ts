/** Pod networks over real plugins and a real store; in place of netns there are files, which takes no root. */
import {mkdir, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createExec} from '../../../runtime/src/cni/exec.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createLock} from '../../../runtime/src/lock.ts';
import type {Log} from '../../../runtime/src/log.ts';
import type {NetnsDir} from '../../../runtime/src/netns/netns-dir.ts';
import {createPodNetworks, type PodNetworks} from '../../../runtime/src/network/pod-networks.ts';
import {openRecordStore, type RecordStore} from '../../../runtime/src/network/record-store.ts';
import {createRecords} from '../../../runtime/src/network/records.ts';
import {recover} from '../../../runtime/src/network/recover.ts';
import {tempDir} from '../../rig/temp-dir.ts';
import {conflistOf, installPlugins, type Plugins} from './plugins.ts';

export interface PodsRig extends AsyncDisposable {
  readonly pods: PodNetworks;
  readonly plugins: Plugins;
  /** What is on disk, after what was written. */
  readonly store: RecordStore;
  readonly netns: NetnsDir;
  /** The time, which stands still unless a test moves it. */
  readonly clock: {ms: number};
  /** A second network runtime, as after a crash of the first. */
  readonly restart: () => Promise<PodNetworks>;
}

export interface PodsRigOptions {
  /** Around the store that the network runtime uses. */
  readonly storeOf?: (store: RecordStore) => RecordStore;
}

export const podsRig = async ({storeOf = (store) => store}: PodsRigOptions = {}): Promise<PodsRig> => {
  const dir = await tempDir();
  const plugins = await installPlugins(['loopback', 'first', 'second'], dir.path);
  const netns = await fileNetnsDir(join(dir.path, 'netns'));
  const store = await openRecordStore(join(dir.path, 'pods'));
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [plugins.binDir], timeoutMs: 60_000});
  const list = parseConflist(conflistOf(plugins, ['first', 'second']));
  const clock = {ms: 1_700_000_000_000};
  const start = async () => {
    const records = createRecords(
      storeOf(store),
      await recover({store, netns, ipamDir: join(dir.path, 'ipam'), log: silent}),
    );
    return createPodNetworks({
      records,
      netns,
      invoke,
      network: async () => list,
      lock: createLock(),
      now: () => clock.ms,
      log: silent,
    });
  };
  return {
    pods: await start(),
    plugins,
    store,
    netns,
    clock,
    restart: start,
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
};

export const silent: Log = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}};

const fileNetnsDir = async (path: string): Promise<NetnsDir> => {
  await mkdir(path);
  return {
    path,
    create: (name) => writeFile(name, ''),
    remove: (name) => rm(name, {force: true}),
    exists: (name) =>
      stat(name).then(
        () => true,
        () => false,
      ),
    list: async () => (await readdir(path)).map((name) => join(path, name)),
  };
};
