/** Serves the built page as the dashboard does: with a recording, or live with messages that the test sends. */

import {createApp, type LiveContent} from '../../../src/dashboard/app.ts';
import {actionNames, type FeedMessage} from '../../../src/dashboard/feed.ts';
import {createToken} from '../../../src/dashboard/guard.ts';
import {createHub} from '../../../src/dashboard/hub.ts';
import {exportedPage, type PageFiles, readPageFiles} from '../../../src/dashboard/page-html.ts';
import {serve} from '../../../src/dashboard/serve.ts';
import {project} from '../../../src/project.ts';
import {pageText} from './page.ts';

export interface ServedPage {
  readonly url: string;
  close(): Promise<void>;
}

export interface LivePage extends ServedPage {
  /** The requests of the page to `actions`. */
  readonly actions: readonly unknown[];
  send(messages: readonly FeedMessage[]): void;
}

export const builtPage = (): Promise<PageFiles> => readPageFiles(project.page);

export const linesOf = (messages: readonly FeedMessage[]): string =>
  messages.map((each) => `${JSON.stringify(each)}\n`).join('');

export const serveReplay = async (recording: readonly FeedMessage[], speed = 1): Promise<ServedPage> => {
  const page = await builtPage();
  const token = createToken();
  const content = {recording: Buffer.from(linesOf(recording))};
  const serving = await serve(0, (port) =>
    createApp({token, port, page, mode: {mode: 'replay', speed}, content}),
  );
  return {url: `http://127.0.0.1:${serving.port}/${token}/`, close: () => serving.close()};
};

interface LiveParts extends Partial<LiveContent> {
  readonly isReadOnly?: boolean;
  readonly cluster?: string;
}

export const serveLive = async (
  first: readonly FeedMessage[],
  {isReadOnly = false, cluster = 'test1', ...parts}: LiveParts = {},
): Promise<LivePage> => {
  const page = await builtPage();
  const token = createToken();
  const actions: unknown[] = [];
  const hub = createHub({
    start: {
      version: 1,
      cluster,
      readOnly: isReadOnly,
      live: true,
      actions: isReadOnly ? [] : actionNames,
      drills: isReadOnly ? [] : ['readiness', 'failed-add', 'hostport'],
    },
  });
  const send = (messages: readonly FeedMessage[]): void => {
    for (const message of messages) if (message.type !== 'start') hub.publish(message);
  };
  send(first);
  const content: LiveContent = {
    hub,
    async act(body) {
      actions.push(body);
      const commandLine = 'kni-demo pod create web-1 --name test1';
      return {status: 200, response: {ok: true, commandLine, output: 'pod web-1 is Ready'}};
    },
    async inspect(pod) {
      return {status: 404, error: {what: `no pod ${pod}`, why: 'the test has no cluster', tryThis: ''}};
    },
    ...parts,
  };
  const serving = await serve(0, (port) => createApp({token, port, page, mode: {mode: 'live'}, content}));
  return {
    url: `http://127.0.0.1:${serving.port}/${token}/`,
    actions,
    send,
    close: async () => {
      hub.close();
      await serving.close();
    },
  };
};

/** The text of one file with the page and the recording. */
export const exportPage = async (recording: readonly FeedMessage[]): Promise<string> =>
  pageText(exportedPage(await builtPage(), {mode: 'replay', speed: 1}, Buffer.from(linesOf(recording))));
