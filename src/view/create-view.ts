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
  /** Print the output of tools. */
  readonly verbose?: boolean;
}

/** `--json` takes precedence over `--quiet` and `--verbose`. The list needs a terminal, and a reader: no log of a CI job. */
export const viewKind = ({json, quiet, verbose}: ViewFlags, stream: OutputStream): ViewKind => {
  if (json) return 'json';
  return quiet || verbose || process.env['CI'] || !isTerminal(stream) ? 'lines' : 'list';
};

export interface ViewOptions {
  /** These stages are shown even if no task of them is planned. */
  readonly stages?: readonly string[];
  readonly verbose?: boolean;
}

/** Falls back from the list to lines when the stream is not a terminal. */
export const createView = (
  kind: ViewKind,
  stream: OutputStream,
  {stages, verbose}: ViewOptions = {},
): View => {
  if (kind === 'json') return jsonView(stream);
  return kind === 'list' && isTerminal(stream)
    ? listView(stream, stages)
    : linesView(stream, {stages, verbose});
};
