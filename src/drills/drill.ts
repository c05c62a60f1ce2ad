/** A drill: steps that act, checks with evidence from outside the network runtime, and a verdict. */

import type {Changes} from '../changes/changes.ts';
import type {Cluster} from '../cluster/cluster.ts';
import type {DrillName} from './names.ts';

export interface Drill {
  readonly name: DrillName;
  /** Completes the sentence "This drill shows …": at most 60 characters. */
  readonly shows: string;
  readonly question: Question;
  /** Whether it calls `defineNetwork`. */
  readonly ownNetwork?: boolean;
  /** Rejects when a step cannot be finished. */
  readonly run: (scene: Scene) => Promise<void>;
}

/** A question of KEP-4410's reviewers, or a promise in its text. */
export interface Question {
  /** The question in our words. */
  readonly asks: string;
  /** Undefined for a question that the KEP and its reviews do not contain. */
  readonly quote?: {
    /** Verbatim. */
    readonly text: string;
    /** Who wrote it, where and when. */
    readonly by: string;
  };
}

/** Where the evidence of a check comes from. */
export type Source =
  | 'API server'
  | 'kernel'
  | 'containerd'
  | 'systemd'
  | 'ping'
  | 'curl'
  | 'files'
  /** The log of the network runtime. */
  | 'log'
  /** A step of the drill itself. */
  | 'drill';

export interface Check {
  /** A sentence that is true if `holds`. */
  readonly claim: string;
  readonly source: Source;
  readonly holds: boolean;
  /** The value that was found. */
  readonly saw: string;
}

/** A number that the verdict repeats. */
export interface Measurement {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'packets' | 'pods' | 'bytes' | 'attempts';
}

export interface Scene {
  readonly cluster: Cluster;
  /** The only node that a drill may change. */
  readonly worker: string;
  /** The node for the second pod of a ping. */
  readonly controlPlane: string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Records and undoes what the drill changes. */
  readonly changes: Changes;
  /** ` --name lab`; empty for the default cluster. */
  readonly flag: string;
  /** Runs one act. `commands` are the lines that a person would type instead. */
  readonly step: <T>(
    title: string,
    commands: readonly string[],
    act: (step: Step) => Promise<T>,
  ) => Promise<T>;
}

export interface Step {
  readonly check: (
    source: Source,
    claim: string,
    evidence: {readonly holds: boolean; readonly saw: string},
  ) => void;
  /** For the verdict. */
  readonly measure: (what: string, value: number, unit: Measurement['unit']) => void;
}

export interface StepReport {
  readonly number: number;
  readonly title: string;
  readonly commands: readonly string[];
  readonly ms: number;
  readonly checks: readonly Check[];
}

export interface Verdict {
  readonly drill: string;
  /** All checks hold, all steps were finished, and everything is restored. */
  readonly passed: boolean;
  readonly ms: number;
  readonly checks: number;
  /** Checks that do not hold. A step that could not be finished counts as one. */
  readonly failed: readonly Check[];
  readonly measurements: readonly Measurement[];
  /** Leftovers of the drill, one line each. Empty: everything is restored. */
  readonly left: readonly string[];
}

/** Called while a drill runs. */
export interface DrillListener {
  /** The step begins after the returned promise resolves. */
  stepBegun(number: number, title: string, commands: readonly string[]): void | Promise<void>;
  checked(check: Check): void;
  stepEnded(report: StepReport): void;
  restoring(): void;
}
