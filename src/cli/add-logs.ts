/** The command `logs` and its flags. */

import {type Command, Option} from 'commander';
import {calls, logLevels} from '../cluster/log-selection.ts';
import {lineCount, podPath, rpcName, sandboxPrefix, timeAgo} from '../cluster/names.ts';
import {json, name} from './options.ts';
import type {World} from './world.ts';

export const addLogs = (program: Command, world: World): void => {
  const logs = program
    .command('logs')
    .description("show the network runtimes' logs, one line for every RPC")
    .addOption(name())
    .option('-f, --follow', 'keep printing new lines')
    .option('--since <time>', 'only lines after this time: 10m, or 2026-11-28T12:00:00Z', timeAgo)
    .option('--tail <n>', 'only the last lines of all nodes together', lineCount)
    .option('--node <node>', 'only this node')
    .option('--pod <pod>', 'only this pod: name or namespace/name', podPath)
    .option('--sandbox <id>', 'only this sandbox: its id or the beginning of it', sandboxPrefix)
    .addOption(new Option('--rpc <rpc>', 'only this RPC; may be repeated').default([], 'all').argParser(rpcs))
    .addOption(new Option('--level <level>', 'only lines of at least this level').choices(logLevels))
    .option('--all', 'also show inspector calls and the start of each runtime')
    .option('--json', 'print the lines as the runtime wrote them, with the node; implies --all')
    .addHelpText('after', logsHelp)
    .action(async (options) => (await import('./commands/logs.ts')).logs(world, options));

  logs
    .command('bundle')
    .description('write the logs and the state of all nodes into one .tar.gz, to attach to a bug report')
    .argument('<file>', 'file to write')
    .addOption(name())
    .addOption(json())
    .addHelpText('after', bundleHelp)
    .action(async (file: string, options, command: Command) => {
      // These flags may also precede the word `bundle`. The default of one command must not override the flag of the other.
      const all = command.optsWithGlobals();
      const cluster = command.getOptionValueSource('name') === 'cli' ? options.name : all['name'];
      return (await import('./commands/logs-bundle.ts')).logsBundle(world, file, {...all, name: cluster});
    });
};

const rpcs = (text: string, before: readonly string[]): readonly string[] => [...before, rpcName(text)];

const logsHelp = `
RPCs: ${calls.join(', ')}
The kubelet repeats DetachInterface and DeleteNetwork: equal calls of one deletion are one line, with their number.
Exit code 1: the log of a node could not be read, for example because the node is stopped. The others are shown anyway.
Exit code 2: the pod or the sandbox is unknown.`;

const bundleHelp = `
Contents: logs of the network runtime, kubelet, containerd and kube-system; events, nodes and pods; the runtime's records \
without annotations; networks, links, routes, rules and leases of each node; versions. The file is written completely or \
not at all. A node that is stopped or does not answer is named in problems.txt.`;
