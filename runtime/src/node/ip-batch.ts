/** Runs many iproute2 commands in one process. */
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

/** Runs all lines even if some fail; then rejects with ToolFailed. */
export const runBatch = async (
  exec: Exec,
  tool: 'ip' | 'bridge',
  lines: readonly string[],
): Promise<void> => {
  // -force continues after an error: one unreachable node must not block the routes to the others.
  if (lines.length > 0)
    await runTool(exec, tool, ['-force', '-batch', '-'], {stdin: `${lines.join('\n')}\n`});
};
