/** A network runtime that knows many pods: how long it takes to start, and to answer. */
import {randomUUID} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {PodNetworkRecord} from '../../runtime/src/network/record.ts';
import {openRecordStore} from '../../runtime/src/network/record-store.ts';
import {conflistName} from '../../runtime/src/node/conflist-of-node.ts';
import {connectTo} from '../rig/node/client.ts';
import {attach, createNetwork, newPod} from '../rig/node/pod.ts';
import type {TestNode} from '../rig/node/test-node.ts';
import type {Ask} from './client.ts';
import {type Bundle, leasesIn, netnsDir, ourRuntime} from './our-runtime.ts';
import {type Program, startProgram} from './program.ts';
import {type Summary, summaryOf} from './statistics.ts';
import {residentMb} from './usage.ts';

export interface ManyRecords {
  readonly records: number;
  /** ms of one Query. */
  readonly query: Summary;
  /** ms from the start of the process to the first answer. */
  readonly start: Summary;
  readonly rssMb: number;
}

interface ManyRecordsOptions {
  readonly ask: Ask;
  readonly records: number;
  readonly stateDir: string;
  readonly signal: AbortSignal;
}

const starts = 5;
const queries = 2000;

export const measureManyRecords = async (
  node: TestNode,
  bundle: Bundle,
  {ask, records: count, stateDir, signal}: ManyRecordsOptions,
): Promise<ManyRecords> => {
  const program = await ourRuntime(node, bundle, stateDir);
  const model = await recordOfRealPod(program, ask, stateDir);
  const made = Array.from({length: count}, (_, index) => likeness(model, index));
  await writeAll(made, stateDir, signal);
  await mountAll(node, made);

  const pods = made.map(({sandbox = '', pod: {name, namespace}}) => ({id: sandbox, name, namespace}));
  const startMs: number[] = [];
  const queryMs: number[] = [];
  let rssMb = 0;
  for (let start = 0; start < starts; start++) {
    signal.throwIfAborted();
    await using runtime = await startProgram(program, ask);
    startMs.push(runtime.startMs);
    const {ms} = await ask({kind: 'query', subject: runtime.subject.id, pods, count: queries / starts});
    queryMs.push(...(ms.Query ?? []));
    rssMb = await residentMb(runtime.pid);
    await runtime.stop();
  }
  return {records: count, query: summaryOf(queryMs), start: summaryOf(startMs), rssMb};
};

interface Model {
  readonly record: PodNetworkRecord;
  readonly ip: string;
}

const recordOfRealPod = async (program: Program, ask: Ask, stateDir: string): Promise<Model> => {
  await using runtime = await startProgram(program, ask);
  using kni = connectTo(program.node.path(program.socket));
  const pod = newPod('bench-many');
  const netns = await createNetwork(kni, pod);
  const ip = (await attach(kni, pod, netns))['eth0']?.ip[0] ?? '';
  await runtime.stop();
  await using store = await openRecordStore(recordsIn(stateDir));
  const record = store.loaded.find(({sandbox}) => sandbox === pod.sandbox);
  if (!record || !ip) throw new Error('the pod that the others are made after has no record');
  return {record, ip};
};

const recordsIn = (stateDir: string): string => join(stateDir, 'pods');

interface Likeness extends PodNetworkRecord {
  readonly ip: string;
}

/** The same in everything but what is a pod's own. */
const likeness = ({record, ip}: Model, index: number): Likeness => {
  const uid = randomUUID();
  const own: readonly (readonly [old: string, its: string])[] = [
    [record.key, `${uid}-${index.toString(16).padStart(8, '0')}`],
    [record.pod.uid, uid],
    [record.pod.name, `${record.pod.name}-${index}`],
    [record.sandbox ?? '', randomUUID().replaceAll('-', '')],
    [`${ip}/`, `${addressOf(index)}/`],
  ];
  const text = own.reduce((changed, [old, its]) => changed.replaceAll(old, its), JSON.stringify(record));
  return {...(JSON.parse(text) as PodNetworkRecord), ip: addressOf(index)};
};

/** Beyond those that the plugins have given out. */
const addressOf = (index: number): string => `10.77.${10 + (index >> 8)}.${index & 255}`;

const atOnce = 64;

/** The store's own form of a record, and host-local's of a lease. */
const writeAll = async (made: readonly Likeness[], stateDir: string, signal: AbortSignal): Promise<void> => {
  await using store = await openRecordStore(recordsIn(stateDir));
  const leases = join(leasesIn(stateDir), conflistName);
  await mkdir(leases, {recursive: true});
  for (let done = 0; done < made.length; done += atOnce) {
    signal.throwIfAborted();
    await Promise.all(
      made.slice(done, done + atOnce).map(async ({ip, ...record}) => {
        await store.write(record);
        await writeFile(join(leases, ip), `${record.sandbox}\r\neth0`);
      }),
    );
  }
};

/** One netns by all these names; a process for each mount would take minutes. */
const mountAll = async (node: TestNode, made: readonly PodNetworkRecord[]): Promise<void> => {
  const first = join(netnsDir, 'bench-many');
  await writeFile(node.path(first), '');
  await node.run(['unshare', `--net=${first}`, 'true']);
  for (const {netns} of made) await writeFile(node.path(netns), '');
  const fstab = '/run/bench-many.fstab';
  await writeFile(node.path(fstab), made.map(({netns}) => `${first} ${netns} none bind 0 0\n`).join(''));
  await node.run(['mount', '--all', '--fstab', fstab]);
};
