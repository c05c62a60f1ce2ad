/** The network runtime under test, as a process on a node that the suite made. */

import {setTimeout as sleep} from 'node:timers/promises';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Command, Host} from '../host/host.ts';
import {waitUntil} from '../host/wait-until.ts';
import {type KniCalls, kniClient} from './kni-client.ts';
import type {OwnNode} from './own-node.ts';

/** The paths and settings of the runtime under test. */
export const runtimePaths = {
  socket: '/run/kni/kni.sock',
  state: '/var/lib/kni-runtime',
  netns: '/run/netns',
} as const;

export const defaultPodCidrs = '10.99.0.0/24';

export interface RuntimeProcess extends AsyncDisposable {
  /** The process id on this machine; undefined while it does not run. */
  readonly pid: () => number | undefined;
  /** The last lines that it printed. */
  readonly output: () => readonly string[];
  /** Starts it and waits until a network is ready. Throws UserError if it exits or does not become ready. */
  readonly start: () => Promise<void>;
  /** Starts another process of it on the same node. Resolves with its exit code, or undefined if it still ran after `atMost` ms. */
  readonly startSecond: (atMost: number) => Promise<number | undefined>;
  /** Starts it without waiting. */
  readonly launch: () => Promise<void>;
  /** Sends SIGTERM, and SIGKILL after 30 s. Resolves when it has ended. */
  readonly stop: () => Promise<StopResult>;
  /** Sends SIGKILL. Resolves when it has ended. */
  readonly kill: () => Promise<void>;
}

export interface StopResult {
  /** 0 for a graceful end; undefined if a signal ended it. */
  readonly exitCode: number | undefined;
  /** Milliseconds. */
  readonly took: number;
}

export interface RuntimeOptions {
  /** Comma separated; undefined: the variable is not set. */
  readonly podCidrs: string | undefined;
  readonly signal: AbortSignal;
}

interface Running {
  readonly pid: number;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | undefined>;
  readonly isOver: () => boolean;
}

const startTime = 30_000;
const stopTime = 30_000;
const keptLines = 200;

export const runtimeProcess = (
  host: Host,
  node: OwnNode,
  [file, args]: Command,
  {podCidrs, signal}: RuntimeOptions,
): RuntimeProcess => {
  const env = {
    KNI_SOCKET: runtimePaths.socket,
    KNI_STATE_DIR: runtimePaths.state,
    KNI_NETNS_DIR: runtimePaths.netns,
    KNI_NODE_NAME: 'conformance',
    KNI_KUBECONFIG: '/nonexistent/kubelet.conf',
    KNI_POD_CIDRS: podCidrs,
  };
  const lines: string[] = [];
  let running: Running | undefined;

  const run = async (): Promise<Running> => {
    const over = new AbortController();
    let isOver = false;
    let ended: Promise<number | undefined> = Promise.resolve(undefined);
    const inside = await new Promise<number>((begin) => {
      ended = host
        .run(node.enter(['sh', ['-c', 'echo "kni-demo: pid $$"; exec "$@"', 'sh', file, ...args]]), {
          env,
          signal: AbortSignal.any([signal, over.signal]),
          onLine: (line) => {
            const pid = /^kni-demo: pid (\d+)$/.exec(line)?.[1];
            if (pid !== undefined) begin(Number(pid));
            else lines.push(line);
            if (lines.length > keptLines) lines.shift();
          },
        })
        .then(
          () => 0,
          (error: unknown) => {
            if (error instanceof CommandError) return error.exitStatus;
            throw error;
          },
        )
        .finally(() => {
          isOver = true;
          begin(0);
        });
    });
    return {pid: node.processOf(inside) ?? 0, ended, isOver: () => isOver};
  };

  const launch = async (): Promise<void> => {
    running = await run();
  };
  const start = async (): Promise<void> => {
    await launch();
    using client = kniClient(node.path(runtimePaths.socket), () => undefined);
    await waitUntil(
      {what: 'a ready network', every: 50, atMost: startTime, signal},
      async () => running?.isOver() || ((await isReady(client)) ? true : undefined),
    ).catch((error: unknown): never => {
      signal.throwIfAborted();
      const why = `it has no ready network at ${runtimePaths.socket} after 30 s`;
      const tryThis =
        'listen at the path in KNI_SOCKET, and answer QueryNodeNetworks with a network whose `ready` is true';
      throw notReady({why, tryThis, lines}, error);
    });
    if (running?.isOver()) {
      const code = await running.ended;
      const why = code === undefined ? 'a signal ended it' : `it ended with exit code ${code}`;
      throw notReady({why, tryThis: 'correct it and run the same command again', lines});
    }
  };
  const end = async (name: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> => {
    if (running === undefined) return undefined;
    const {pid, ended} = running;
    send(pid, name);
    const late = new AbortController();
    const killer = sleep(stopTime, undefined, {signal: late.signal}).then(
      () => send(pid, 'SIGKILL'),
      () => undefined,
    );
    const code = await ended;
    late.abort();
    await killer;
    running = undefined;
    return code;
  };
  return {
    pid: () => (running?.isOver() ? undefined : running?.pid),
    output: () => lines,
    launch,
    start,
    async startSecond(atMost) {
      const second = await run();
      const late = new AbortController();
      const code = await Promise.race([
        second.ended,
        sleep(atMost, 'late' as const, {signal: late.signal}).catch(() => undefined),
      ]);
      late.abort();
      if (code !== 'late') return code;
      send(second.pid, 'SIGKILL');
      await second.ended;
      return undefined;
    },
    async stop() {
      const begun = performance.now();
      const exitCode = await end('SIGTERM');
      return {exitCode, took: performance.now() - begun};
    },
    async kill() {
      await end('SIGKILL');
    },
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL').catch(() => undefined)),
  };
};

const isReady = async (kni: KniCalls): Promise<boolean> =>
  (await kni.queryNodeNetworks({})).networks.some(({ready}) => ready);

const send = (pid: number, name: NodeJS.Signals): void => {
  if (pid === 0) return;
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
};

interface NotReady {
  readonly why: string;
  readonly tryThis: string;
  /** Its output. */
  readonly lines: readonly string[];
}

const notReady = ({why, tryThis, lines}: NotReady, cause?: unknown): UserError =>
  new UserError(
    {
      what: 'the network runtime did not start',
      why: [why, ...lines.slice(-10).map((line) => `│ ${line}`)].join('\n'),
      tryThis,
      code: 'KNI-E118',
    },
    {cause},
  );
