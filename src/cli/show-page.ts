/** Prints the URL of a page that is served, and opens it. */

import {join} from 'node:path';
import {openPage} from '../dashboard/open-page.ts';
import {type PageFiles, readPageFiles} from '../dashboard/page-html.ts';
import {UserError} from '../errors.ts';
import {project} from '../project.ts';
import {messageOf} from '../thrown.ts';
import {isTerminal} from '../view/stream.ts';
import {hostAndDirs} from './context.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

/** Throws UserError when the page is not built. */
export const builtPage = (): Promise<PageFiles> =>
  readPageFiles(project.page).catch((error: unknown): never => {
    throw new UserError(
      {
        what: 'cannot read the page of the dashboard',
        why: messageOf(error),
        tryThis: 'build it: npm run build',
        code: 'KNI-E114',
      },
      {cause: error},
    );
  });

export interface ShownPage {
  /** `Dashboard of cluster test1` */
  readonly title: string;
  readonly url: string;
  readonly record?: string | undefined;
  readonly open: boolean;
  readonly json?: boolean | undefined;
}

export const show = async (
  world: World,
  {title, url, record: file, open, json}: ShownPage,
): Promise<void> => {
  const {stdout, env, signal} = world;
  const {say, record} = runOutput(world, json);
  const {port} = new URL(url);
  record('listening', {url, port: Number(port), ...(file !== undefined && {file})});
  say(`${title}: ${url}`);
  if (file !== undefined) say(`Recording to ${file}`);
  // Address and port of the client and of this machine.
  const [, , here] = env['SSH_CONNECTION']?.split(' ') ?? [];
  if (here !== undefined) say(`From your machine, first run: ssh -L ${port}:127.0.0.1:${port} ${here}`);
  const {host, dirs} = hostAndDirs(world);
  const mayOpen = open && !json && isTerminal(stdout);
  const isOpened = mayOpen && (await openPage(url, {host, directory: join(dirs.state), env, signal}));
  say(
    isOpened ? 'Opened it in your browser. Ctrl-C ends it.' : 'Open this URL in a browser. Ctrl-C ends it.',
  );
};
