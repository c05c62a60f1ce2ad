/** unshare and nsenter: start a program in new namespaces, and run programs in those of another process. */

import type {Command} from '../host/host.ts';

/** Runs a script in new network, mount and process namespaces. When its shell ends, all processes of the namespaces are killed. */
export const unshared = (script: string): Command => [
  'unshare',
  ['--mount', '--net', '--pid', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-c', script],
];

/** Runs a program in the namespaces of the process `pid`. */
export const entered = (pid: number, [file, args]: Command): Command => [
  'nsenter',
  ['--target', String(pid), '--mount', '--net', '--pid', '--', file, ...args],
];

/** Runs a program in the network namespace at a path. */
export const inNetns = (netns: string, [file, args]: Command): Command => [
  'nsenter',
  [`--net=${netns}`, '--', file, ...args],
];
