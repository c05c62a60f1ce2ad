/** Starts dockerd on a machine without systemd, or the dockerd that kni-demo unpacked. */

import type {Command} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';

/** Sockets and network namespaces of the engine that kni-demo unpacked. */
export const execRoot = '/run/kni-demo/docker';

export interface Engine {
  /** The path of the program. */
  readonly dockerd: string;
  /** Directories searched first for containerd and its shim. */
  readonly path: readonly string[];
  /** The directory of images, containers and volumes; undefined for docker's default. */
  readonly dataRoot: string | undefined;
  readonly pidFile: string;
  readonly logFile: string;
}

/** Starts the engine in a new session, so that it outlives kni-demo, with its output in a file. Returns at once. */
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
