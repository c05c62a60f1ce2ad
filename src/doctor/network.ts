/**
 * Finds iptables rules that masquerade the traffic between nodes. Networks of two docker engines can have the same addresses, and
 * the kernel applies a rule for the network of the other engine to packets between containers, too
 * (net.bridge.bridge-nf-call-iptables). VXLAN and `kubectl exec` then time out.
 */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';
import {overlap} from '../ip-ranges.ts';
import {networkOfNodes} from '../tools/docker-network.ts';
import {nodeLinks, parseLinks} from '../tools/ip.ts';
import {deleteMasquerade, families, type Masquerade, masqueradesOf, saveRules} from '../tools/iptables.ts';
import type {CheckResult} from './checks.ts';

/** `--fix` may remove a rule only if its bridge is gone: a rule of a bridge that exists belongs to another engine. */
export const networkCheck = async (host: Host, signal: AbortSignal): Promise<CheckResult> => {
  const name = 'network';
  const rules = await readRules(host, signal);
  if (typeof rules === 'string') return {name, kind: 'ok', message: rules};
  if (rules.masquerades.length === 0) return {name, kind: 'ok', message: 'no masquerading of docker'};
  const nodes = await networkOfNodes(host, signal);
  // An engine on another machine or in its own netns, such as rootless docker, has its bridges there.
  if (nodes !== undefined && !rules.links.has(nodes.bridge))
    return {name, kind: 'ok', message: 'not checked: docker has its networks elsewhere'};
  const dead = rules.masquerades.filter(({bridge}) => !rules.links.has(bridge));
  const foreign = rules.masquerades.filter(
    ({bridge, source}) =>
      rules.links.has(bridge) &&
      nodes !== undefined &&
      bridge !== nodes.bridge &&
      nodes.subnets.some((subnet) => overlap(subnet, source)),
  );
  if (dead.length + foreign.length === 0) return {name, kind: 'ok', message: 'no stale masquerading'};
  const found = [...dead, ...foreign];
  const breaksNodes = found.some(({source}) => nodes?.subnets.some((subnet) => overlap(subnet, source)));
  const bridges = [...new Set(found.map(({bridge}) => bridge))].join(', ');
  return {
    name,
    kind: breaksNodes ? 'problem' : 'warning',
    message: [
      foreign.length === 0 ? 'stale masquerading' : 'masquerading of another network',
      `for ${bridges}`,
      ...(breaksNodes ? ['breaks traffic of nodes'] : []),
    ].join(' '),
    fix: found.map((each) => quoteCommand(deleteMasquerade(each))).join('\n'),
    safe: dead.map((each) => deleteMasquerade(each)),
  };
};

interface Rules {
  readonly masquerades: readonly Masquerade[];
  /** Names of this machine's interfaces. */
  readonly links: ReadonlySet<string>;
}

/** Returns the reason if the rules cannot be read. */
const readRules = async (host: Host, signal: AbortSignal): Promise<Rules | string> => {
  try {
    const masquerades: Masquerade[] = [];
    for (const family of families) {
      const {stdout} = await host.run(saveRules(family), {signal});
      masquerades.push(...masqueradesOf(stdout, family));
    }
    // Read after the rules: an engine makes a bridge before its rule.
    const {stdout} = await host.run(nodeLinks, {signal});
    return {masquerades, links: new Set(parseLinks(stdout).map((link) => link.name))};
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return `not checked, only root can read the rules: ${error.lastLine}`;
  }
};
