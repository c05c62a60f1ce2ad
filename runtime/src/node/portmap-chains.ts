/** Lists and removes the iptables chains of the portmap plugin. Its nftables backend has none. */
import type {ChainOwner, PortmapChain, PortmapChains} from '../network/portmap-chains.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';
import {hasIPv6} from './forwarding.ts';
import type {Family} from './ip-address.ts';
import {toolOf} from './iptables.ts';

/** Short, because calls for pods wait while chains are removed. */
const lockWait = ['--wait', '1'];

export const createPortmapChains = (exec: Exec): PortmapChains => ({
  list: async () => {
    const families: Family[] = (await hasIPv6()) ? [4, 6] : [4];
    const listed = families.map(async (family) => {
      const printed = await runTool(exec, toolOf[family], [...lockWait, '-t', 'nat', '-S']);
      return portmapChainsIn(printed, family);
    });
    return (await Promise.all(listed)).flat();
  },
  remove: async (chains) => {
    for (const family of [4, 6] as const) {
      const some = chains.filter((chain) => chain.family === family);
      if (some.length === 0) continue;
      await runTool(exec, `${toolOf[family]}-restore`, [...lockWait, '--noflush'], {stdin: removalOf(some)});
    }
  },
});

/** Parses the output of `iptables -S`. */
export const portmapChainsIn = (printed: string, family: Family): PortmapChain[] => {
  const lines = printed.split('\n');
  const jumpsOf = new Map<string, string[]>();
  for (const line of lines) {
    const [, name] = /^-A .* -j (CNI-[DS]N-[0-9a-f]+)$/.exec(line) ?? [];
    if (name) jumpsOf.set(name, [...(jumpsOf.get(name) ?? []), line]);
  }
  return lines.flatMap((line) => {
    const [, name] = /^-N (CNI-[DS]N-[0-9a-f]+)$/.exec(line) ?? [];
    if (!name) return [];
    const jumps = jumpsOf.get(name) ?? [];
    return [{family, name, jumps, owner: ownerIn(jumps[0] ?? '')}];
  });
};

const comment = / --comment "[ds]nat name: \\"([^"\\]+)\\" id: \\"([^"\\]+)\\"" /;

const ownerIn = (jump: string): ChainOwner | undefined => {
  const [, network, sandbox] = comment.exec(jump) ?? [];
  return network && sandbox ? {network, sandbox} : undefined;
};

/** Input for iptables-restore, which applies all lines or none. */
const removalOf = (chains: readonly PortmapChain[]): string =>
  [
    '*nat',
    ...chains.flatMap(({jumps}) => jumps.map((jump) => jump.replace(/^-A /, '-D '))),
    ...chains.flatMap(({name}) => [`-F ${name}`, `-X ${name}`]),
    'COMMIT',
    '',
  ].join('\n');
