/** A view shows the events of a run. */

import type {RunEvent} from '../graph/events.ts';

export interface View {
  /** Never throws, even if the reader of the stream has gone. */
  readonly emit: (event: RunEvent) => void;
  /**
   * Ends the view and shows why tasks failed. Await it before writing anything else, because a list owns its terminal
   * until then.
   */
  close(): Promise<void>;
}
