/** Opens the page in the browser of the desktop. */

import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Host} from '../host/host.ts';
import {makeDirectory} from '../make-directory.ts';

export interface OpenOptions {
  readonly host: Host;
  /** A directory of the user's own. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Returns whether a browser was started. The URL goes through a file that only its owner can read: other users see the arguments of
 * a program.
 */
export const openPage = async (
  url: string,
  {host, directory, env, signal}: OpenOptions,
): Promise<boolean> => {
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return false;
  const file = join(directory, 'dashboard.html');
  try {
    makeDirectory(directory);
    await rm(file, {force: true}); // an old file would keep its mode
    await writeFile(file, `<meta http-equiv="refresh" content="0; url=${url}">\n`, {mode: 0o600, flag: 'wx'});
    // The browser outlives this program.
    await host.run(['setsid', ['--fork', 'xdg-open', file]], {signal, timeout: 10_000});
    return true;
  } catch {
    return false; // the URL is printed anyway
  }
};
