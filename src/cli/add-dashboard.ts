/** The commands dashboard, dashboard replay and dashboard export, and their flags. */

import {type Command, Option} from 'commander';
import {portNumber, replaySpeed, timeAgo} from '../cluster/names.ts';
import {json, name} from './options.ts';
import type {World} from './world.ts';

export const addDashboard = (program: Command, world: World): void => {
  const dashboard = program
    .command('dashboard')
    .description('serve a page on this machine that shows the network of the cluster, live')
    .addOption(name())
    .addOption(port())
    .option('--since <time>', 'begin here: 1h, or 2026-11-28T12:00:00Z (default: 10m)', timeAgo)
    .option('--read-only', 'serve a page without actions')
    .option('--record <file>', 'also write everything that the page shows into this new file')
    .addOption(noOpen())
    .addOption(json())
    .addHelpText('after', help)
    .action(async (options) => (await import('./commands/dashboard.ts')).dashboard(world, options));
  dashboard
    .command('replay')
    .description('serve the page with a recording, without a cluster')
    .argument('<file>', 'file that dashboard --record has written')
    .addOption(speed())
    .addOption(port())
    .addOption(noOpen())
    .addOption(json())
    .addHelpText('after', replayHelp)
    .action(async (file: string, options, command: Command) =>
      (await import('./commands/dashboard-replay.ts')).dashboardReplay(world, file, both(command, options)),
    );
  dashboard
    .command('export')
    .description('write a recording and the page into one HTML file, which opens from the disk')
    .argument('<file>', 'file that dashboard --record has written')
    .argument('<page>', 'HTML file to write')
    .addOption(speed())
    .addOption(json())
    .action(async (file: string, page: string, options) =>
      (await import('./commands/dashboard-export.ts')).dashboardExport(world, file, page, options),
    );
};

const port = (): Option =>
  new Option('--port <port>', 'listen on this port of 127.0.0.1 (default: a free one)').argParser(portNumber);
const noOpen = (): Option => new Option('--no-open', 'only print the URL; open no browser');
const speed = (): Option =>
  new Option('--speed <n>', 'how fast the page plays: 2 is twice as fast').default(1).argParser(replaySpeed);

/** The flags that dashboard has, too, may also precede the word `replay`. */
const both = <T extends {readonly port?: number; readonly open: boolean}>(
  command: Command,
  options: T,
): T => {
  const before: {readonly port?: number; readonly open?: boolean} = command.parent?.opts() ?? {};
  const chosen = options.port ?? before.port;
  return {
    ...options,
    ...(chosen !== undefined && {port: chosen}),
    open: options.open && before.open !== false,
  };
};

const help = `
The page shows the life of each pod, the topology, nodes, networks, pods and the log. It creates and deletes pods, stops and \
starts the network runtime of a node and runs drills, unless --read-only is given.
Only this machine can reach it, with the token in the URL. In a terminal of a desktop it opens a browser. Ctrl-C ends it.
It stays open when the cluster is stopped or deleted, and continues when the cluster runs again.`;

const replayHelp = `
On the page you can pause, go to any moment and change the speed.`;
