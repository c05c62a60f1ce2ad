/** Gives a node another network runtime, or the former one back. */

import {waitForAnswer} from '../cluster/runtime-answer.ts';
import {readUserRuntime, userRuntimeIn, userRuntimePaths} from '../cluster/user-runtime.ts';
import type {Command, Host} from '../host/host.ts';
import {lastLineOf} from '../host/reason.ts';
import type {SavedFile, SwitchedRuntime} from './change.ts';
import {putFiles} from './node-files.ts';
import {rememberNetwork, restoreNetwork} from './node-network.ts';
import {releaseByForce, releaseIfPossible} from './release.ts';
import {systemctl} from './systemctl.ts';

const {dropIn: dropInPath, programs, state} = userRuntimePaths;
/** The node's network without pods, before the first runtime of the user's own. */
const formerNetwork = `${programs}/network-before`;

/**
 * Undoes `switchRuntime`, from any point at which that was interrupted. If the former runtime fails, kni-demo's own replaces it, and the
 * result says so.
 */
export const switchRuntimeBack = async (
  host: Host,
  {file, node}: SwitchedRuntime,
  signal: AbortSignal,
): Promise<string | undefined> => {
  let note: string | undefined;
  try {
    await setRuntime(host, {next: file, ready: answers}, signal);
  } catch (error) {
    if (file.former === null || signal.aborted) throw error;
    await setRuntime(host, {next: fileWith(undefined), ready: answers}, signal);
    note = ownRuntimeNote(node, nameOf(file), error);
  }
  await removeUnused(host, signal);
  return note;
};

/** The former runtime of a node, from its drop-in. */
const nameOf = ({former}: SavedFile): string => {
  const text = former !== null && 'base64' in former ? Buffer.from(former.base64, 'base64').toString() : '';
  return userRuntimeIn(text.split('\n')[0] ?? '')?.source ?? 'the former runtime';
};

/** Says that a node runs kni-demo's own network runtime instead of `other`. */
export const ownRuntimeNote = (node: string, other: string, error: unknown): string => {
  const why = lastLineOf(error);
  return `${node} runs kni-demo's own network runtime, because ${other} does not work: ${why}`;
};

/** Removes programs that no drop-in names. With kni-demo's own runtime, removes everything of former ones. */
export const removeUnused = async (host: Host, signal: AbortSignal): Promise<void> => {
  const script = `if [ ! -e "$1" ]; then rm -rf "$2" "$3"; exit; fi
for dir in "$2"/*/; do grep -qF "$dir" "$1" || rm -rf "$dir"; done`;
  await host.run(['sh', ['-c', script, 'sh', dropInPath, programs, state]], {signal, timeout: 20_000});
};

export interface RunningRuntime {
  /** When it was started: milliseconds since the epoch. Earlier lines of the log are of other runtimes. */
  readonly since: number;
  readonly signal: AbortSignal;
}

export interface NextRuntime {
  /** The drop-in. */
  readonly next: SavedFile;
  /** Resolves when the new runtime serves. If it rejects, the kubelet stays stopped. */
  readonly ready: (host: Host, running: RunningRuntime) => Promise<void>;
}

/** Idempotent. Returns a line for everything that the former runtime did not clean up. */
export const setRuntime = async (
  host: Host,
  {next, ready}: NextRuntime,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  await systemctl(host, 'stop', ['kubelet'], signal);
  const former = userRuntimeIn((await host.run(readUserRuntime, {signal})).stdout);
  const left = former === undefined ? await leaveOwn(host, signal) : await leaveUsers(host, signal);
  await putFiles(host, [next], signal);
  const since = Date.now();
  await systemctl(host, 'start', ['kni'], signal);
  await ready(host, {since, signal});
  await systemctl(host, 'start', ['kubelet'], signal);
  return left;
};

const leaveOwn = async (host: Host, signal: AbortSignal): Promise<readonly string[]> => {
  const unreleased = await releaseIfPossible(host, signal);
  await systemctl(host, 'stop', ['kni'], signal);
  await host.run(rememberNetwork(formerNetwork), {signal, timeout: 20_000});
  return unreleased.map(unreleasedNote);
};

const leaveUsers = async (host: Host, signal: AbortSignal): Promise<readonly string[]> => {
  const unreleased = await releaseByForce(host, signal);
  await systemctl(host, 'stop', ['kni'], signal);
  const removed = (await host.run(restoreNetwork(formerNetwork), {signal, timeout: 30_000})).stdout;
  const removeState: Command = ['rm', ['-rf', state]];
  await host.run(removeState, {signal, timeout: 20_000});
  return [
    ...unreleased.map(unreleasedNote),
    ...removed
      .split('\n')
      .filter(Boolean)
      .map((line) => (line.startsWith('! ') ? `cannot remove ${line.slice(2)}` : `removed ${line}`)),
  ];
};

const unreleasedNote = ({pod, error}: {readonly pod: string; readonly error: string}): string =>
  `the former runtime did not release ${pod}: ${error}`;

/** Resolves when the runtime of a node answers, ready or not. */
export const answers: NextRuntime['ready'] = (host, {signal}) =>
  waitForAnswer(host, {atMost: 30_000, signal});

/** The drop-in with this text; undefined: no drop-in, so kni-demo's own runtime. */
export const fileWith = (text: string | undefined): SavedFile => ({
  path: dropInPath,
  former: text === undefined ? null : {base64: Buffer.from(text).toString('base64'), mode: '644'},
});
