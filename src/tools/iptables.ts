/** iptables: finds the rules of docker engines in the output of iptables-save, and builds input for iptables-restore. */

import type {Command} from '../host/host.ts';

export const families = ['iptables', 'ip6tables'] as const;
export type Family = (typeof families)[number];

export const saveRules = (family: Family): Command => [`${family}-save`, []];

/** Applies the tables of standard input. Each table is applied atomically. */
export const changeRules = (family: Family): Command => [`${family}-restore`, ['--noflush']];

/** An engine's bridges: `docker0`, and `br-0123456789ab` for each network. */
export const isEngineBridge = (name: string): boolean => /^(?:docker0|br-[0-9a-f]{12})$/.test(name);

export interface EngineRules {
  /** `filter :DOCKER` for a chain, `filter -A FORWARD -j DOCKER-USER` for a rule. */
  readonly lines: readonly string[];
  /** The policy of the chain FORWARD: an engine that enables forwarding sets it to DROP. */
  readonly forward: string;
}

/** Finds the chains and rules that docker engines added. Recognizes them by their names. */
export const engineRules = (saved: string): EngineRules => {
  let table = '';
  let forward = 'ACCEPT';
  const lines: string[] = [];
  // docker creates the chain DOCKER-USER for the user's rules. If it contains some, keep it.
  const userWroteRules = /^-A DOCKER-USER (?!-j RETURN$)/m.test(saved);
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    if (table === 'filter') forward = /^:FORWARD (\S+)/.exec(line)?.[1] ?? forward;
    const [text = ''] = line.startsWith(':') ? line.split(' ') : [line];
    if (isOfEngine(text) && !(userWroteRules && /\bDOCKER-USER\b/.test(text))) lines.push(`${table} ${text}`);
  }
  return {lines, forward};
};

const patterns = [
  /^:DOCKER/,
  /^-A DOCKER/,
  / -[jg] DOCKER/,
  // A published port of a container, as seen from the container itself.
  /^-A POSTROUTING -s (\S+)\/32 -d \1\/32 -p \w+ -m \w+ --dport \d+ -j MASQUERADE$/,
];
const isOfEngine = (line: string): boolean =>
  patterns.some((pattern) => pattern.test(line)) || isAboutEngineBridges(line);

export interface Masquerade {
  readonly family: Family;
  /** The addresses of the bridge's containers, as a CIDR. */
  readonly source: string;
  readonly bridge: string;
}

/** What leaves the bridge of an engine gets the address of this machine, by one rule for each network. */
export const masqueradesOf = (saved: string, family: Family): readonly Masquerade[] =>
  [...saved.matchAll(/^-A POSTROUTING -s (\S+) ! -o (\S+) -j MASQUERADE$/gm)]
    .map(([, source = '', bridge = '']) => ({family, source, bridge}))
    .filter(({bridge}) => isEngineBridge(bridge));

export const deleteMasquerade = ({family, source, bridge}: Masquerade): Command => [
  family,
  ['-t', 'nat', '-D', 'POSTROUTING', '-s', source, '!', '-o', bridge, '-j', 'MASQUERADE'],
];

/** A rule in another chain, or one with another interface, is the user's: ufw writes such rules, for example. */
const isAboutEngineBridges = (line: string): boolean => {
  const interfaces = [...line.matchAll(/ -[io] (\S+)/g)].map(([, name = '']) => name);
  return (
    /^-A (?:FORWARD|PREROUTING|POSTROUTING) /.test(line) &&
    interfaces.length > 0 &&
    interfaces.every((name) => isEngineBridge(name))
  );
};

/** Input for iptables-restore that removes the rules which `now` has and `before` has not; undefined if none is new. */
export const withoutEngineRules = (now: EngineRules, before: EngineRules): string | undefined => {
  const changes = new Map<string, string[]>();
  const change = (table: string, text: string): void => {
    changes.set(table, [...(changes.get(table) ?? []), text]);
  };
  if (now.forward === 'DROP' && before.forward === 'ACCEPT') change('filter', ':FORWARD ACCEPT [0:0]');
  const added = now.lines.filter((line) => !before.lines.includes(line)).map(tableAndText);
  const chains = added.filter(([, text]) => text.startsWith(':'));
  for (const [table, text] of added) if (text.startsWith('-A')) change(table, text.replace('-A', '-D'));
  for (const [table, text] of chains) change(table, text.replace(':', '-X '));
  if (changes.size === 0) return undefined;
  return [...changes].map(([table, lines]) => [`*${table}`, ...lines, 'COMMIT', ''].join('\n')).join('');
};

const tableAndText = (line: string): readonly [table: string, text: string] => {
  const end = line.indexOf(' ');
  return [line.slice(0, end), line.slice(end + 1)];
};
