/** A requirement of the demo: how it is looked for, what was found, and what would bring it. */

import type {Command} from '../../host/host.ts';
import type {DemoContext} from '../context.ts';

/** What was found, in a few words; with `missing`, what to do about it. */
export type Finding =
  | {readonly is: 'there' | 'noted'; readonly says: string}
  | {readonly is: 'missing'; readonly says: string; readonly remedy: Remedy};

/** Commands that `--yes` runs and that a person may run; or advice, where it is not ours to do. */
export type Remedy =
  | {
      readonly commands: readonly Command[];
      readonly needsRoot: boolean;
      /** It ran before and only has to be started again: that needs no `--yes`. */
      readonly resumes?: boolean;
      /** Called before the commands run: records what `down --purge` needs to know to undo them. */
      readonly record?: () => Promise<void>;
    }
  | {readonly advice: string};

export interface Requirement {
  readonly id: `host/${string}`;
  /** Of the report's line: `docker engine`. */
  readonly name: string;
  /** Of the task that brings it. */
  readonly title: string;
  look(context: DemoContext, signal: AbortSignal): Promise<Finding>;
  /** Waits until what the remedy started is there. */
  settle?(context: DemoContext, signal: AbortSignal): Promise<void>;
}

/** Whether its commands may run without `--yes`. */
export const resumes = (remedy: Remedy): boolean => 'resumes' in remedy && (remedy.resumes ?? false);

export const there = (says: string): Finding => ({is: 'there', says});
export const noted = (says: string): Finding => ({is: 'noted', says});
export const missing = (says: string, remedy: Remedy): Finding => ({is: 'missing', says, remedy});
