/** Chooses and creates a view. */

import {jsonView} from './json.ts';
import {linesView} from './lines.ts';
import {listView} from './list.ts';
import {isTerminal, type OutputStream} from './stream.ts';
import type {View} from './view.ts';

export type ViewKind = 'list' | 'lines' | 'json';

export interface ViewFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `--json` takes precedence over `--quiet`. The list needs a terminal. */
export const viewKind = (flags: ViewFlags, stream: OutputStream): ViewKind => {
  if (flags.json) return 'json';
  return flags.quiet || !isTerminal(stream) ? 'lines' : 'list';
};

/**
 * Falls back from the list to lines when the stream is not a terminal. `stages` are shown even if no task of them is
 * planned.
 */
export const createView = (kind: ViewKind, stream: OutputStream, stages: readonly string[] = []): View => {
  if (kind === 'json') return jsonView(stream);
  return kind === 'list' && isTerminal(stream) ? listView(stream, stages) : linesView(stream, stages);
};
