/** dockerd, where nothing else starts it: without systemd, or when the engine is one that we brought. */

import type {Command} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';

/** Of an engine with a data root of its own: its sockets, its network namespaces. */
export const execRoot = '/run/kni-demo/docker';

export interface Engine {
  /** The program: a path, or `dockerd` of the host. */
  readonly dockerd: string;
  /** Directories searched first for containerd and its shim. */
  readonly path: readonly string[];
  /** Images, containers, volumes; undefined for the engine's own default. */
  readonly dataRoot: string | undefined;
  readonly pidFile: string;
  readonly logFile: string;
}

/** Outlives the command that starts it: a session of its own, its output in a file. Returns at once. */
export const startEngine = ({dockerd, path, dataRoot, pidFile, logFile}: Engine): Command => {
  const daemon = quoteCommand([
    dockerd,
    [
      `--pidfile=${pidFile}`,
      ...(dataRoot === undefined ? [] : [`--data-root=${dataRoot}`, `--exec-root=${execRoot}`]),
    ],
  ]);
  const withPath = path.length === 0 ? '' : `PATH=${[...path, '$PATH'].join(':')} `;
  return [
    'setsid',
    ['--fork', 'sh', '-c', `${withPath}exec ${daemon} >>${quoteCommand([logFile, []])} 2>&1 </dev/null`],
  ];
};
