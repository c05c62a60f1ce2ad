/** A requirement on this machine: how to check it, and what to do if it is not met. */

import type {Command} from '../../host/host.ts';
import type {DemoContext} from '../context.ts';

/** `message` is a few words about what was found. */
export type Finding =
  | {readonly kind: 'present' | 'warning'; readonly message: string}
  | {readonly kind: 'missing'; readonly message: string; readonly remedy: Remedy};

/** Commands for `--yes` or for the user, or advice if kni-demo cannot do it. */
export type Remedy =
  | {
      readonly kind: 'commands';
      readonly commands: readonly Command[];
      readonly needsRoot: boolean;
      /** Whether the commands only restart what kni-demo started before. Then they need no `--yes`. */
      readonly resumes?: boolean;
      /** Called before the commands run: records what `down --purge` needs to know to undo them. */
      readonly record?: () => Promise<void>;
    }
  | {readonly kind: 'advice'; readonly advice: string};

export interface Requirement {
  readonly id: `host/${string}`;
  /** The name in the report: `docker`. */
  readonly name: string;
  /** The title of the task that runs the remedy. */
  readonly title: string;
  check(context: DemoContext, signal: AbortSignal): Promise<Finding>;
  /** Waits until what the remedy started is ready. */
  waitUntilReady?(context: DemoContext, signal: AbortSignal): Promise<void>;
}

export const resumes = (remedy: Remedy): boolean => remedy.kind === 'commands' && (remedy.resumes ?? false);

export const present = (message: string): Finding => ({kind: 'present', message});
export const warning = (message: string): Finding => ({kind: 'warning', message});

/** The requirement is not met, and kni-demo can only advise. */
export const adviseOn = (message: string, advice: string): Finding => ({
  kind: 'missing',
  message,
  remedy: {kind: 'advice', advice},
});

/** The requirement is not met, and kni-demo can install or start what is missing. */
export const missing = (
  message: string,
  remedy: Omit<Extract<Remedy, {kind: 'commands'}>, 'kind'>,
): Finding => ({kind: 'missing', message, remedy: {kind: 'commands', ...remedy}});
