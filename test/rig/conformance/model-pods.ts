/** The networks of the model runtime's pods: a netns, a veth pair on a bridge, an address and a default route. */
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);
const ip = (...args: readonly string[]): Promise<unknown> => run('ip', args);

/** A network of a pod. It is on disk before anything is created. */
export interface Model {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly attempt: string;
  /** The id of the sandbox, once it is known. */
  id?: string;
  ip?: string;
  mac?: string;
  /** AttachInterface was answered. */
  isAttached?: boolean;
}

export const stateDir = process.env['KNI_STATE_DIR'] ?? '/var/lib/kni-runtime';
export const netnsDir = process.env['KNI_NETNS_DIR'] ?? '/run/netns';
const cidr = process.env['KNI_POD_CIDRS'];
const file = join(stateDir, 'pods.json');
const bridge = 'model0';
const nsfs = 0x6e736673;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
export const nameOf = ({key}: Model): string => `model-${digest(key).slice(0, 16)}`;
export const pathOf = (model: Model): string => join(netnsDir, nameOf(model));
export const hostLinkOf = ({key}: Model): string => `veth${digest(key).slice(0, 8)}`;

const load = (): Model[] => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Model[];
  } catch {
    return [];
  }
};
export const models: Model[] = load();

export const save = (): void => {
  mkdirSync(stateDir, {recursive: true});
  writeFileSync(`${file}.new`, JSON.stringify(models));
  renameSync(`${file}.new`, file);
};

/** Addresses of the podCIDR for pods; the first one is the bridge's. */
const pool = ():
  | {readonly gateway: string; readonly length: string; readonly ips: readonly string[]}
  | undefined => {
  if (!cidr) return undefined;
  const [base = '', length = ''] = cidr.split('/');
  const prefix = base.replace(/\d+$/, '');
  const size = 2 ** (32 - Number(length));
  const ips = Array.from({length: size - 3}, (_, index) => `${prefix}${index + 2}`);
  return {gateway: `${prefix}1`, length, ips};
};

/** Undefined without a podCIDR or an address that is free. */
export const freeAddress = (): string | undefined =>
  pool()?.ips.find((each) => !models.some((model) => model.ip === each));

export const knowsCidr = (): boolean => pool() !== undefined;

export const isNetns = (path: string): boolean => {
  try {
    return statfsSync(path).type === nsfs;
  } catch {
    return false;
  }
};

/** The bridge of the node. Repeatable. */
export const setUpNode = async (): Promise<void> => {
  const addresses = pool();
  if (!addresses) return;
  await ip('link', 'add', bridge, 'type', 'bridge').catch(() => undefined);
  await ip('address', 'replace', `${addresses.gateway}/${addresses.length}`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
};

export const addNetns = async (model: Model): Promise<void> => {
  if (isNetns(pathOf(model))) return;
  await removeNetns(model);
  await ip('netns', 'add', nameOf(model));
  await ip('-n', nameOf(model), 'link', 'set', 'lo', 'up');
};

export const removeNetns = async (model: Model): Promise<void> => {
  await ip('netns', 'delete', nameOf(model)).catch(() => undefined);
  rmSync(pathOf(model), {force: true});
};

/** Undoes its changes and rejects if the netns is gone or has an eth0. */
export const addLink = async (model: Model, address: string): Promise<void> => {
  const {gateway = '', length = ''} = pool() ?? {};
  const [netns, link] = [nameOf(model), hostLinkOf(model)];
  await removeLink(model);
  if (!isNetns(pathOf(model))) throw new Error('the netns is gone');
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
  await ip('link', 'set', link, 'master', bridge, 'up');
  const inside = [
    `address add ${address}/${length} dev eth0`,
    'link set eth0 up',
    `route add default via ${gateway}`,
  ];
  for (const line of inside) await ip('-n', netns, ...line.split(' '));
  const {stdout} = await run('ip', ['-n', netns, '-json', 'link', 'show', 'eth0']);
  model.mac = (JSON.parse(stdout) as {address: string}[])[0]?.address ?? '';
};

export const removeLink = async (model: Model): Promise<void> => {
  await ip('link', 'delete', hostLinkOf(model)).catch(() => undefined);
};

/** After a restart of the node the netns of all pods are gone, and with them their addresses. */
export const recover = (): void => {
  for (const model of models)
    if (!isNetns(pathOf(model))) {
      delete model.ip;
      model.isAttached = false;
    }
  save();
};
