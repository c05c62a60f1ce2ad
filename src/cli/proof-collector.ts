/** Collects the proof from the events of a run. */

import type {RunEvent} from '../graph/events.ts';
import {proveSamplePod} from '../stages/verify/kni.ts';

export interface ProofCollector {
  /** The line that the runtime logged, then the checks; empty if the proof did not run. */
  readonly lines: readonly string[];
  readonly emit: (event: RunEvent) => void;
}

export const proofCollector = (): ProofCollector => {
  const lines: string[] = [];
  return {
    lines,
    emit(event) {
      if (event.kind === 'output' && event.task === proveSamplePod.id) lines.push(event.line);
    },
  };
};

/** Whether a task ran that changes something. The proof does not. */
export const hasChanged = (ran: readonly string[]): boolean => ran.some((id) => id !== proveSamplePod.id);
