/** Serves the built page with a recording or with a feed that the test writes. */

import {readFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import type {FeedMessage, PageMode} from '../../../src/dashboard/feed.ts';
import {project} from '../../../src/project.ts';

export interface PageServer {
  readonly url: string;
  /** Requests that were made for actions. */
  readonly actions: readonly unknown[];
  /** To all readers of the feed. */
  send(messages: readonly FeedMessage[]): void;
  /** Ends all connections of the feed; browsers connect again. */
  disconnect(): void;
  close(): Promise<void>;
}

export interface PageContent {
  /** Replays it; otherwise the mode is live. */
  readonly recording?: readonly FeedMessage[];
  readonly speed?: number;
  /** What each new reader gets first. */
  readonly first?: readonly FeedMessage[];
  readonly inspection?: object;
}

const types: Readonly<Record<string, string>> = {html: 'text/html', js: 'text/javascript', css: 'text/css'};

export const servePage = async ({
  recording,
  speed = 1,
  first = [],
  inspection,
}: PageContent): Promise<PageServer> => {
  const readers = new Set<ServerResponse>();
  const actions: unknown[] = [];
  const mode: PageMode = recording === undefined ? {mode: 'live'} : {mode: 'replay', speed};
  const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
    recording: (_, response) => response.end(recording?.map((each) => JSON.stringify(each)).join('\n')),
    inspect: (_, response) => response.end(JSON.stringify(inspection)),
    feed: (request, response) => {
      response.writeHead(200, {'content-type': 'text/event-stream'});
      response.write(linesOf(first));
      readers.add(response);
      request.on('close', () => readers.delete(response));
    },
    actions: (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        actions.push(JSON.parse(body));
        response.end(
          JSON.stringify({
            ok: true,
            commandLine: 'kni-demo pod create web-1 --name test1',
            output: 'pod web-1 is Ready',
          }),
        );
      });
    },
  };
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://page').pathname.replace('/token/', '') || 'index.html';
    const answer = answers[name];
    if (answer !== undefined) return answer(request, response);
    readFile(join(project.root, 'dist/page', name), 'utf8').then(
      (text) => {
        response.setHeader('content-type', types[name.split('.').at(-1) ?? ''] ?? 'text/plain');
        response.end(text.replace('{"mode":"live"}', JSON.stringify(mode)));
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  const disconnect = (): void => {
    for (const reader of readers) reader.end();
  };
  return {
    url: `http://127.0.0.1:${port}/token/`,
    actions,
    send: (messages) => {
      for (const reader of readers) reader.write(linesOf(messages));
    },
    disconnect,
    close: async () => {
      disconnect();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const linesOf = (messages: readonly FeedMessage[]): string =>
  messages.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
