/** version: prints the versions of kni-demo and of the programs that it uses. */

import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Command, Host} from '../../host/host.ts';
import {project} from '../../project.ts';
import {loadStack} from '../../stacks/load.ts';
import type {Stack} from '../../stacks/schema.ts';
import {serverVersion} from '../../tools/docker.ts';
import {version as kindVersion} from '../../tools/kind.ts';
import {lineWriter} from '../../view/stream.ts';
import {columns} from '../../view/table.ts';
import {chooseStack} from '../choose-stack.ts';
import {hostAndDirs} from '../context.ts';
import type {World} from '../world.ts';

export interface VersionOptions {
  /** The cluster whose stack is shown. */
  readonly name: string;
  readonly stack?: string;
  readonly json?: boolean;
}

/** `ours` is the version of kni-demo. */
export const version = async (
  world: World,
  ours: string,
  {name, stack: chosen, json = false}: VersionOptions,
): Promise<void> => {
  const {host} = hostAndDirs(world);
  const [stack, docker, kindText] = await Promise.all([
    chosen === undefined ? stackOf(world, name) : loadStack(chosen, project.stacks),
    outputOf(host, serverVersion, world.signal),
    outputOf(host, kindVersion, world.signal),
  ]);
  const kind = kindText === undefined ? undefined : (/kind v?(\S+)/.exec(kindText)?.[1] ?? kindText);
  const node = process.version.slice(1);
  const write = lineWriter(world.stdout);
  if (json)
    return write(
      JSON.stringify({
        kniDemo: ours,
        ...(stack instanceof UserError
          ? {stack: null, stackProblem: stack.message}
          : {
              stack: {
                name: stack.name,
                kubernetes: stack.kubernetes.version.slice(1),
                containerd: stack.containerd.version,
              },
            }),
        kind: kind ?? null,
        docker: docker ?? null,
        node,
      }),
    );
  const lines = columns([
    ['kni-demo', ours],
    [
      'stack',
      stack instanceof UserError
        ? stack.message
        : `${stack.name}: Kubernetes ${stack.kubernetes.version.slice(1)}, containerd ${stack.containerd.version}`,
    ],
    ['kind', kind ?? 'not installed'],
    ['docker', docker ?? 'does not answer'],
    ['node', node],
  ]);
  for (const line of lines) write(line);
};

/** The stack of the cluster, or of a new one. Returns the error if its file is gone or invalid: the other versions are known. */
const stackOf = async (world: World, cluster: string): Promise<Stack | UserError> => {
  try {
    return await loadStack((await chooseStack(world, cluster)).stack, project.stacks);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
};

/** Undefined if the program is missing or fails. */
const outputOf = async (host: Host, command: Command, signal: AbortSignal): Promise<string | undefined> => {
  try {
    return (await host.run(command, {signal, timeout: 10_000})).stdout.trim();
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return undefined;
  }
};
