/** The network of this machine before kni-demo started a docker engine, so that `down` can restore it. */

import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {Dirs} from '../../cache/dirs.ts';
import {readIfExists, replaceFile} from '../../cache/files.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Command, Host} from '../../host/host.ts';
import {bridges, deleteLink, nodeLinks, parseLinks} from '../../tools/ip.ts';
import {
  changeRules,
  deleteMasquerade,
  type EngineRules,
  engineRules,
  type Family,
  families,
  isEngineBridge,
  masqueradesOf,
  saveRules,
  withoutEngineRules,
} from '../../tools/iptables.ts';
import {changeSetting, parseSettings, printSettings} from '../../tools/sysctl.ts';

const rules = z.object({lines: z.array(z.string()).readonly(), forward: z.string()});
const networkRecord = z.object({
  /** The kernel's boot id: no interface, rule or setting of an engine outlives a reboot. */
  boot: z.string(),
  bridges: z.array(z.string()).readonly(),
  rules: z.object({iptables: rules, ip6tables: rules}),
  settings: z.record(z.string(), z.string()),
});
type NetworkRecord = z.infer<typeof networkRecord>;

/** An engine enables forwarding. `all` also changes each interface, and comes last. */
const settings = ['net/ipv4/ip_forward', 'net/ipv6/conf/default/forwarding', 'net/ipv6/conf/all/forwarding'];

const fileIn = ({state}: Pick<Dirs, 'state'>): string => join(state, 'network-before-engine.json');

/**
 * Must be called before the engine starts. A later start in the same boot keeps the first record. Makes no record if the
 * network cannot be read, for example on a kernel without IPv6: the engine can start nevertheless.
 */
export const recordNetwork = async (host: Host, dirs: Pick<Dirs, 'state'>): Promise<void> => {
  if ((await recordedNetwork(dirs)) !== undefined) return;
  const record = await readNetwork(host).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
    return undefined;
  });
  if (record !== undefined) await replaceFile(fileIn(dirs), `${JSON.stringify(record)}\n`);
};

const readNetwork = async (host: Host): Promise<NetworkRecord> => ({
  boot: await bootId(),
  bridges: await bridgesOf(host),
  rules: {iptables: await rulesOf(host, 'iptables'), ip6tables: await rulesOf(host, 'ip6tables')},
  settings: parseSettings(await stdoutOf(host, printSettings(settings))),
});

/** The record of this boot, if there is one. An unreadable record is of an earlier boot: a power failure truncated it. */
export const recordedNetwork = async (dirs: Pick<Dirs, 'state'>): Promise<NetworkRecord | undefined> => {
  const text = await readIfExists(fileIn(dirs));
  if (text === undefined) return undefined;
  const record = parseRecord(text);
  return record?.boot === (await bootId()) ? record : undefined;
};

const parseRecord = (text: string): NetworkRecord | undefined => {
  try {
    return networkRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** Must be called after the engine has stopped, and only if no other engine runs: both would use the same rules. */
export const restoreNetwork = async (
  host: Host,
  dirs: Pick<Dirs, 'state'>,
  before: NetworkRecord,
): Promise<void> => {
  for (const family of families) {
    const input = withoutEngineRules(await rulesOf(host, family), before.rules[family]);
    if (input !== undefined) await host.run(changeRules(family), {input});
  }
  for (const name of await bridgesOf(host))
    if (!before.bridges.includes(name)) await host.run(deleteLink(name));
  const now = parseSettings(await stdoutOf(host, printSettings(settings)));
  for (const name of settings)
    if (before.settings[name] === '0' && now[name] === '1') await host.run(changeSetting(name, '0'));
  await rm(fileIn(dirs), {force: true});
};

/**
 * Commands that remove what dead engines have left and what would break the network of the next one: bridges without a
 * container, and masquerading for them. Networks of two engines can have the same addresses, and the kernel applies the rules
 * to traffic between containers, too (net.bridge.bridge-nf-call-iptables). An engine makes its bridges and rules at each
 * start, so nothing is lost. Must be called only if no engine runs. Empty for a user who may not read the rules.
 */
export const removalsOfDeadNetworks = async (host: Host): Promise<readonly Command[]> => {
  try {
    const used = new Set(parseLinks(await stdoutOf(host, nodeLinks)).map(({master}) => master));
    const isDead = (name: string): boolean => name !== 'docker0' && !used.has(name);
    const commands: Command[] = [];
    for (const family of families) {
      const masquerades = masqueradesOf(await stdoutOf(host, saveRules(family)), family);
      commands.push(...masquerades.filter(({bridge}) => isDead(bridge)).map(deleteMasquerade));
    }
    return [...commands, ...(await bridgesOf(host)).filter(isDead).map(deleteLink)];
  } catch (error) {
    if (error instanceof CommandError) return [];
    throw error;
  }
};

const bridgesOf = async (host: Host): Promise<readonly string[]> =>
  parseLinks(await stdoutOf(host, bridges))
    .map(({name}) => name)
    .filter(isEngineBridge);

const rulesOf = async (host: Host, family: Family): Promise<EngineRules> =>
  engineRules(await stdoutOf(host, saveRules(family)));

/** Empty where the machine does not have the program. */
const stdoutOf = async (host: Host, command: Command): Promise<string> => {
  try {
    return (await host.run(command)).stdout;
  } catch (error) {
    if (error instanceof CommandError && error.reason === 'not found') return '';
    throw error;
  }
};

const bootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
