/** Pod networks over real plugins and a real store; in place of netns there are files, which takes no root. */
import {existsSync} from 'node:fs';
import {mkdir, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {vi} from 'vitest';
import {type Conflist, parseConflist} from '../../../runtime/src/cni/conflist.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {noEvents} from '../../../runtime/src/events/event.ts';
import {createLock} from '../../../runtime/src/lib/keyed-lock.ts';
import type {Log} from '../../../runtime/src/log.ts';
import type {NetnsDir} from '../../../runtime/src/netns/netns-dir.ts';
import {NetworkUnavailable} from '../../../runtime/src/network/errors.ts';
import type {PodNetworkService} from '../../../runtime/src/network/lifecycle.ts';
import {createPodNetworkService} from '../../../runtime/src/network/pod-network-service.ts';
import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {openRecordStore, type RecordStore} from '../../../runtime/src/network/record-store.ts';
import {createRecords} from '../../../runtime/src/network/records.ts';
import {isInDoubt, recover} from '../../../runtime/src/network/recover.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {tempDir} from '../temp-dir.ts';
import {conflistOf, installPlugins, type Plugins} from './plugins.ts';

export interface PodsRig extends AsyncDisposable {
  readonly pods: PodNetworkService;
  readonly plugins: Plugins;
  /** The records that the next network runtime would read. */
  readonly onDisk: () => Promise<readonly PodNetworkRecord[]>;
  /** As if the network runtime had died after this. */
  readonly writeDown: (record: PodNetworkRecord) => Promise<void>;
  readonly stateDir: string;
  readonly ipamDir: string;
  readonly netns: NetnsDir;
  /** The time, which stands still unless a test moves it. */
  readonly clock: {ms: number};
  /** Stands for the plugins' files: another text is a replaced plugin. */
  readonly filesVersion: {text: string};
  /** The networks that pods can choose, by name; a test may change them. */
  readonly named: Record<string, Conflist>;
  /** A second network runtime, as after a crash of the first. */
  readonly restart: () => Promise<PodNetworkService>;
}

/** `first ADD` for each call of a plugin, in their order. */
export const callsOf = async ({plugins}: Pick<PodsRig, 'plugins'>): Promise<readonly string[]> =>
  (await plugins.calls()).map(({call}) => call);

/** Waits until a plugin was called: `first ADD`. */
export const waitForCall = (rig: Pick<PodsRig, 'plugins'>, call: string): Promise<boolean> =>
  vi.waitUntil(async () => (await callsOf(rig)).includes(call), {timeout: 30_000});

export interface PodsRigOptions {
  /** Around the store that the network runtime uses. */
  readonly storeOf?: (store: RecordStore) => RecordStore;
  /** How many cleanups of a network may be unfinished. */
  readonly pendingLimit?: number;
  /** Whether the processes of plugins start before their turn, as they do on a node. */
  readonly isEarly?: boolean;
  /** The node's network. */
  readonly primary?: (rig: Pick<PodsRig, 'plugins'>) => Conflist;
}

export const podsRig = async ({
  storeOf = (store) => store,
  pendingLimit = 8,
  isEarly = false,
  primary = usualPrimary,
}: PodsRigOptions = {}): Promise<PodsRig> => {
  const dir = await tempDir();
  const types = ['first', 'second', 'third'];
  const plugins = await installPlugins(types, dir.path);
  const netns = await fileNetnsDir(join(dir.path, 'netns'));
  const stateDir = join(dir.path, 'pods');
  const exec = createExec();
  const earlyTypes = new Set(isEarly ? types : []);
  const {startEarly} = exec;
  const binDirs = [plugins.binDir];
  const invoke = createInvokePlugin({exec, startEarly, earlyTypes, binDirs, timeoutMs: 60_000});
  const list = primary({plugins});
  const named: Record<string, Conflist> = {
    side: parseConflist(
      conflistOf(plugins, ['third'], {capabilities: {ips: true}}).replace('"rig"', '"side"'),
    ),
    half: parseConflist(conflistOf(plugins, ['third', 'nowhere']).replace('"rig"', '"half"')),
  };
  const clock = {ms: 1_700_000_000_000};
  const filesVersion = {text: ''};
  const ipamDir = join(dir.path, 'ipam');
  const stores: RecordStore[] = [];
  const opened = async () => {
    const store = await openRecordStore(stateDir);
    stores.push(store);
    return store;
  };
  const start = async () => {
    const store = await opened();
    const {standing, isDoubtful, acceptLoss} = await recover({store, netns, log: silent});
    const records = createRecords(storeOf(store), standing);
    return createPodNetworkService({
      records,
      netns,
      invoke,
      networks: {
        primary: () => list,
        named: ({name}) => {
          const found = named[name];
          if (found) return found;
          throw new NetworkUnavailable(name);
        },
      },
      links: {vethsOn: async () => [], netnsIds: async () => new Map(), remove: async () => undefined},
      networksOfOthers: async () => ({has: () => false}),
      portmapChains: {list: async () => [], remove: async () => undefined},
      ipamDir,
      lock: createLock(),
      now: () => clock.ms,
      uptime: () => clock.ms,
      isDoubtful,
      cleanupLimits: {giveUpAfterMs: 120_000, ofNetwork: () => pendingLimit},
      filesOf: () => filesVersion.text,
      strayAddresses: {holderOf: async () => undefined},
      inDoubt: () => isInDoubt({store, netns, records, isDoubtful, strayLinks: async () => []}),
      acceptLoss,
      log: silent,
      emit: noEvents,
    });
  };
  return {
    pods: await start(),
    plugins,
    onDisk: async () => (await opened()).loaded,
    writeDown: async (record) => (await opened()).write(record),
    stateDir,
    ipamDir,
    netns,
    clock,
    filesVersion,
    named,
    restart: start,
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
};

const usualPrimary = ({plugins}: Pick<PodsRig, 'plugins'>): Conflist =>
  parseConflist(conflistOf(plugins, ['first', 'second'], {ownAddresses: true}));

export const silent: Log = {debug: () => {}, info: () => {}, warn: () => {}, error: () => {}};

const fileNetnsDir = async (path: string): Promise<NetnsDir> => {
  await mkdir(path);
  return {
    path,
    create: (name) => writeFile(name, ''),
    loopbackUp: async () => undefined,
    remove: (name) => rm(name, {force: true}),
    exists: existsSync,
    list: async () => (await readdir(path)).map((name) => join(path, name)),
    mounted: async () => (await readdir(path)).map((name) => join(path, name)),
  };
};
