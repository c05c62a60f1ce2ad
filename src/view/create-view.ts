/** Chooses the view. */

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

/** `--json` wins over `--quiet`; without a terminal there is no list. */
export const viewKind = (flags: ViewFlags, stream: OutputStream): ViewKind => {
  if (flags.json) return 'json';
  return flags.quiet || !isTerminal(stream) ? 'lines' : 'list';
};

/** A list on a stream that is no terminal becomes lines. */
export const createView = (kind: ViewKind, stream: OutputStream): View => {
  if (kind === 'json') return jsonView(stream);
  return kind === 'list' && isTerminal(stream) ? listView(stream) : linesView(stream);
};
