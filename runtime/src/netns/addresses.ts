/** Reads the addresses of an interface in a netns. */
import {arrayOf, objectOf, stringOf} from '../lib/json.ts';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

/** Global addresses only. Rejects with ToolFailed if the interface does not exist. */
export const addressesIn =
  (exec: Exec) =>
  async (netns: string, ifName: string): Promise<string[]> => {
    const ip = ['ip', '-json', 'address', 'show', 'dev', ifName];
    const shown = await runTool(exec, 'nsenter', [`--net=${netns}`, ...ip]);
    return arrayOf(objectOf(arrayOf(JSON.parse(shown))[0])['addr_info'])
      .map(objectOf)
      .filter(({scope}) => scope === 'global')
      .flatMap(({local}) => stringOf(local) ?? []);
  };
