/** Formats the lines of `logs` for people. */

import type {ChalkInstance} from 'chalk';
import type {NodeLine} from '../cluster/log-selection.ts';
import {oneLine} from '../view/table.ts';

export interface LogTextOptions {
  readonly paint: ChalkInstance;
  /** All nodes of the cluster: each has its colour. */
  readonly nodes: readonly string[];
}

/**
 * `02:31:04.123  test1-worker  AttachInterface ok  default/samplepod  43 ms`. Joins the lines of a plugin's error.
 * `times` counts equal calls: `4 calls`.
 */
export const logText = ({paint, nodes}: LogTextOptions): ((line: NodeLine, times: number) => string) => {
  const ofNodes = [paint.cyan, paint.magenta, paint.blue, paint.green];
  const ofLevels: Readonly<Record<string, ChalkInstance>> = {
    error: paint.red,
    warn: paint.yellow,
    debug: paint.dim,
  };
  return ({node, line: {time, level, msg, pod, ms, error}}, times) => {
    const colour = ofNodes[nodes.indexOf(node) % ofNodes.length] ?? paint;
    const text = [
      msg,
      ...(pod === undefined ? [] : [pod]),
      ...(ms === undefined ? [] : [`${Math.round(ms)} ms`]),
      ...(times === 1 ? [] : [`${times} calls`]),
      ...(error === undefined ? [] : [error]),
    ].map(oneLine);
    return [
      paint.dim(oneLine(time.slice(11, 23))),
      colour(node),
      (ofLevels[level] ?? paint)(text.join('  ')),
    ].join('  ');
  };
};
