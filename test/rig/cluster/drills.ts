/** Runs drills by the command line, and tells what they have left on the cluster. */

import {kubectl, named, shell, worker} from './cluster.ts';
import {kniDemo} from './kni-demo.ts';
import {conditionOf} from './nodes.ts';
import {type Traces, tracesOn} from './traces.ts';

export interface DrillRun {
  readonly exitCode: number | null;
  /** The verdicts, in the order of the drills. */
  readonly verdicts: readonly Verdict[];
}

interface Verdict {
  readonly drill: string;
  readonly passed: boolean;
  readonly ms: number;
  readonly failed: readonly unknown[];
  readonly left: readonly string[];
}

export const runDrills = async (...args: readonly string[]): Promise<DrillRun> => {
  const {exitCode, stdout} = await kniDemo('drill', ...args, '--json', ...named);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as {type: string});
  const verdicts = lines.filter(({type}) => type === 'verdict') as unknown as readonly Verdict[];
  return {exitCode, verdicts};
};

/** Everything that a drill may change. */
export interface DrillTraces extends Traces {
  readonly namespaces: string;
  readonly bridges: string;
  readonly leases: string;
  readonly services: string;
  readonly ready: string;
}

export const drillTraces = async (): Promise<DrillTraces> => ({
  ...(await tracesOn(worker)),
  namespaces: await kubectl('get', 'namespaces', '-o', 'name'),
  bridges: await shell(worker, 'ip -o link show type bridge | cut -d: -f2'),
  leases: await shell(worker, 'ls /var/lib/kni/ipam'),
  services: await shell(worker, 'systemctl is-active kni kubelet containerd || true'),
  ready: await conditionOf('node', worker),
});
