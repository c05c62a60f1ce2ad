/** The same network through libcni and through our executor, with plugins that write down what they are given. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Attachment} from '../../../runtime/src/cni/attachment.ts';
import {parseConflist, parseSinglePlugin} from '../../../runtime/src/cni/conflist.ts';
import {addNetwork, checkNetwork, delNetwork} from '../../../runtime/src/cni/network.ts';
import {createInvokePlugin} from '../../../runtime/src/cni/plugin.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {output} from '../../rig/processes.ts';
import {type Behaviour, installPlugins} from '../../rig/runtime/plugins.ts';

export const types = ['first', 'second', 'third'] as const;
export const commands = ['ADD', 'CHECK', 'DEL'] as const;
type Command = (typeof commands)[number];

export interface Case {
  /** Text of the configuration, in which `RIG` stands for the plugins' folder. */
  readonly config: string;
  /** As in a `.conf` file. */
  readonly single?: boolean;
  readonly args?: readonly (readonly [key: string, value: string])[];
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  readonly netns?: string;
  readonly plan?: Readonly<Record<string, Behaviour>>;
  readonly commands?: readonly Command[];
}

/** A number keeps the text that it was written with: comparing must not round what plugins are given. */
export interface NumberText {
  readonly number: string;
}

/** The input of one plugin. */
export interface Given {
  readonly call: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly given: readonly Given[];
  /** Errors by command. */
  readonly failures: Readonly<Record<string, string>>;
}

const containerID = 'box-1';
const ifname = 'eth0';

export const throughBoth = async (program: string, made: Case): Promise<{libcni: Outcome; ours: Outcome}> => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'kni-libcni-'));
  await using plugins = await installPlugins(types);
  await plugins.runInNode();
  await plugins.plan({...made.plan});
  const {single = false, args = [], capabilityArgs = {}, netns = '/run/netns/kni-x'} = made;
  const config = made.config.replaceAll('RIG', plugins.dir);
  const outcomeOf = async (run: (command: Command) => Promise<unknown>): Promise<Outcome> => {
    const before = (await plugins.calls()).length;
    const failures: Record<string, string> = {};
    for (const command of made.commands ?? commands) {
      await run(command).catch((error: Error) => {
        failures[command] = error.message;
      });
    }
    const calls = (await plugins.calls()).slice(before);
    return {given: calls.map(({call, env, stdin}) => ({call, env, config: parse(stdin)})), failures};
  };
  try {
    const job = {config, single, containerID, netns, ifname, args, capabilityArgs, cacheDir};
    const libcni = await outcomeOf((command) =>
      output(program, [], {
        input: JSON.stringify({...job, command, path: plugins.binDir}),
        env: {PATH: process.env['PATH']},
      }),
    );
    const ours = await outcomeOf(
      executor({config, single, netns, cniArgs: args, capabilityArgs, binDir: plugins.binDir}),
    );
    return {libcni, ours};
  } finally {
    await rm(cacheDir, {recursive: true});
  }
};

interface Parts extends Pick<Attachment, 'config' | 'cniArgs' | 'capabilityArgs'> {
  readonly single: boolean;
  readonly netns: string;
  readonly binDir: string;
}

const executor = ({single, netns, binDir, ...parts}: Parts) => {
  const invoke = createInvokePlugin({exec: createExec(), binDirs: [binDir], timeoutMs: 60_000});
  const target = {sandbox: containerID, netns};
  let last: Attachment | undefined;
  return async (command: Command): Promise<unknown> => {
    const {name, text} = (single ? parseSinglePlugin : parseConflist)(parts.config);
    const attachment: Attachment = {...parts, network: name, ifName: ifname, config: text};
    const added = last ?? attachment;
    if (command === 'CHECK') return (await checkNetwork(invoke, added, target)) === undefined;
    if (command === 'DEL') {
      await delNetwork(invoke, added, target);
      last = undefined;
      return undefined;
    }
    const addition = await addNetwork(invoke, attachment, target);
    last = addition.attachment;
    if (addition.error !== undefined) throw addition.error;
    return last.result;
  };
};

const parse = (text: string): Given['config'] =>
  JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : JSON.stringify({number: token} satisfies NumberText),
    ),
  ) as Given['config'];
