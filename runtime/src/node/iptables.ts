/** Keeps our own chains in the node's packet filter, and does not change other rules. */
import type {Exec} from '../process/exec.ts';
import {runTool, ToolFailed} from '../process/tool.ts';
import type {Family} from './ip-address.ts';

export type Table = 'nat' | 'mangle';

/** A rule of a built-in chain that sends packets to one of our chains. */
export interface Jump {
  readonly table: Table;
  readonly from: string;
  readonly rule: readonly string[];
  /** The first rule of its chain sees packets before others can accept them. */
  readonly position: 'first' | 'last';
}

export const toolOf = {4: 'iptables', 6: 'ip6tables'} as const;

const lockWait = ['--wait', '5'];

/** Replaces the chains named in the lines in one step, with iptables-restore. */
export const restoreChains = async (exec: Exec, family: Family, lines: string): Promise<void> => {
  await runTool(exec, `${toolOf[family]}-restore`, [...lockWait, '--noflush'], {stdin: lines});
};

export const ensureJump = async (exec: Exec, family: Family, jump: Jump): Promise<void> => {
  if (await hasJump(exec, family, jump)) return;
  await run(exec, family, jump.table, jump.position === 'first' ? '-I' : '-A', jump.from, ...jump.rule);
};

const removeJump = async (exec: Exec, family: Family, jump: Jump): Promise<void> => {
  if (await hasJump(exec, family, jump)) await run(exec, family, jump.table, '-D', jump.from, ...jump.rule);
};

/** Removes the jumps and the chains they lead to, with all rules. Does nothing if the first chain does not exist. */
export const removeChains = async (
  exec: Exec,
  {
    table,
    chains,
    jumps,
  }: {readonly table: Table; readonly chains: readonly string[]; readonly jumps: readonly Jump[]},
): Promise<void> => {
  const lines = chains.flatMap((chain) => [`:${chain} - [0:0]`, `-X ${chain}`]);
  for (const family of [4, 6] as const) {
    if (!(await hasChain(exec, family, table, chains[0] ?? ''))) continue;
    for (const jump of jumps) await removeJump(exec, family, jump);
    await restoreChains(exec, family, `*${table}\n${lines.join('\n')}\nCOMMIT\n`);
  }
};

/** Also false without the table or the tool: then the chain cannot exist. */
const hasChain = async (exec: Exec, family: Family, table: Table, chain: string): Promise<boolean> => {
  const args = [...lockWait, '-t', table, '-n', '-L', chain];
  const ending = await exec({file: toolOf[family], args, timeoutMs: 10_000});
  return ending.kind === 'exited' && ending.exitCode === 0;
};

const hasJump = async (exec: Exec, family: Family, {table, from, rule}: Jump): Promise<boolean> => {
  try {
    await run(exec, family, table, '-C', from, ...rule);
    return true;
  } catch (error) {
    // Exit status 1 means that the rule does not exist. Others are errors: 4 means that the lock is held.
    if (error instanceof ToolFailed && error.exitStatus === 1) return false;
    throw error;
  }
};

const run = (exec: Exec, family: Family, table: Table, ...args: readonly string[]): Promise<string> =>
  runTool(exec, toolOf[family], [...lockWait, '-t', table, ...args]);
