/** A view listens to the events of a run and shows them. */

import type {RunEvent} from '../graph/events.ts';

export interface View {
  /** Never throws; a stream that nobody reads any more is ignored. */
  readonly emit: (event: RunEvent) => void;
  /**
   * Ends the view, showing why tasks failed where it has not yet.
   * To be awaited before anything else is written: a list owns its terminal until then.
   */
  close(): Promise<void>;
}
