/** A network runtime of a user, a bundle or an executable, as a process on a test node. It gets its settings from variables, as on a node. */
import type {ChildProcess} from 'node:child_process';
import {createInterface} from 'node:readline';
import {end} from '../processes.ts';
import {until} from '../wait.ts';
import {connectTo, type KniClient} from './client.ts';
import {nodeName, paths, podCidr} from './runtime.ts';
import type {TestNode} from './test-node.ts';

export interface UserRuntime extends AsyncDisposable {
  readonly kni: KniClient;
  readonly process: ChildProcess;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly stop: (signal: NodeJS.Signals) => Promise<void>;
}

export const startUserRuntime = async (
  node: TestNode,
  program: string,
  env: Readonly<Record<string, string>> = {},
): Promise<UserRuntime> => {
  const settings = {
    KNI_SOCKET: paths.socket,
    KNI_STATE_DIR: paths.state,
    KNI_NETNS_DIR: paths.netns,
    KNI_NODE_NAME: nodeName,
    KNI_POD_CIDRS: podCidr,
    ...env,
  };
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const child = node.start([
    'env',
    ...variables,
    ...(/\.[cm]?js$/.test(program) ? [process.execPath] : []),
    program,
  ]);
  const log: Record<string, unknown>[] = [];
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({input: stream}).on('line', (line) => {
        output.push(line);
        if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>);
      });
  const isServing = () => {
    if (child.exitCode !== null) throw new Error(`the runtime has ended: ${output.join('\n')}`);
    return log.some(({msg}) => msg === 'serving KNI');
  };
  await until('it serves KNI', isServing, 30_000);
  const kni = connectTo(node.path(paths.socket));
  const stop = async (signal: NodeJS.Signals) => {
    kni[Symbol.dispose]();
    await end(child, signal);
  };
  return {kni, process: child, log, stop, [Symbol.asyncDispose]: () => stop('SIGKILL')};
};
