/** Brings up loopback interfaces. The loopback plugin does the same, but starts two more programs for every pod. */
import {basename} from 'node:path';
import type {Exec} from '../process/exec.ts';
import {runTool} from '../process/tool.ts';

export interface Loopbacks {
  /** Resolves when the interface is up; the work begins once. Rejects with ToolFailed, and then the next call retries. */
  bringUp(netns: string): Promise<void>;
  /** Begins the work after some milliseconds: starting a program would delay the answer to the caller. */
  bringUpSoon(netns: string): void;
  markUp(netns: string): void;
  /** Cancels or waits for the work, so that no process uses the netns. */
  forget(netns: string): Promise<void>;
}

const soonMs = 5;

export const setLoopbackUp = ['ip', 'link', 'set', 'dev', 'lo', 'up'] as const;

/** `isNamed`: whether `ip -n NAME` finds the netns, which takes one program instead of two. */
export const createLoopbacks = (exec: Exec, isNamed: boolean): Loopbacks => {
  const begun = new Map<string, Promise<void>>();
  const planned = new Map<string, NodeJS.Timeout>();
  const cancel = (netns: string) => {
    clearTimeout(planned.get(netns));
    planned.delete(netns);
  };
  const enter = (netns: string) => runTool(exec, 'nsenter', [`--net=${netns}`, ...setLoopbackUp]);
  // `ip -n` also mounts sysfs, which some containers forbid.
  const named = (netns: string) => {
    const [ip, ...args] = setLoopbackUp;
    return runTool(exec, ip, ['-n', basename(netns), ...args], {printsLittle: true}).catch(() =>
      enter(netns),
    );
  };
  const begin = async (netns: string): Promise<void> => {
    try {
      await (isNamed ? named(netns) : enter(netns));
    } catch (error) {
      begun.delete(netns);
      throw error;
    }
  };
  const bringUp = (netns: string): Promise<void> => {
    cancel(netns);
    const work = begun.get(netns) ?? begin(netns);
    begun.set(netns, work);
    return work;
  };
  return {
    bringUp,
    bringUpSoon: (netns) => {
      const attempt = () => void bringUp(netns).catch(() => undefined); // attaching retries it, and fails then
      planned.set(netns, setTimeout(attempt, soonMs));
    },
    markUp: (netns) => begun.set(netns, Promise.resolve()),
    forget: async (netns) => {
      cancel(netns);
      await begun.get(netns)?.catch(() => undefined);
      begun.delete(netns);
    },
  };
};
