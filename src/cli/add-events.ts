/** The command `events` and its flags. */

import type {Command} from 'commander';
import {podPath, timeAgo} from '../cluster/names.ts';
import {name} from './options.ts';
import type {World} from './world.ts';

export const addEvents = (program: Command, world: World): void => {
  program
    .command('events')
    .description('show what runtime, plugins, kubelet and containerd do, as it happens')
    .addOption(name())
    .option('-f, --follow', 'keep printing new events')
    .option('--since <time>', 'begin here: 1h, or 2026-11-28T12:00:00Z (default: 10m)', timeAgo)
    .option('--node <node>', 'only this node')
    .option('--pod <pod>', 'only this pod: name or namespace/name', podPath)
    .option('--all', 'also show beginnings of calls, repeated calls and updates')
    .option('--json', 'print one JSON object per event; implies --all')
    .addHelpText('after', help)
    .action(async (options) => (await import('./commands/events.ts')).events(world, options));
};

const help = `
Sources: runtime (with its plugins), kubelet, containerd, api (the API server), kni-demo (this command's connections).
A network runtime keeps about 2000 events, and loses them when it restarts. docs/events.md describes the JSON.
Exit code 1: a source could not be read. The others are shown anyway. --follow reconnects instead.`;
