/** Gives many commands to one run of iproute2. */
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

/** All lines are tried, whatever becomes of the first ones; rejects with ToolFailed when one of them failed. */
export const runBatch = async (
  exec: Exec,
  tool: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> => {
  // -force: one node that cannot be reached must not keep the others from being routed to.
  if (lines.length > 0) await runTool(exec, tool, ['-force', '-batch', '-'], `${lines.join('\n')}\n`);
};
