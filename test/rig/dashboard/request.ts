/** HTTP requests with any headers, also those that fetch forbids, and event streams. */

import {once} from 'node:events';
import {request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders} from 'node:http';
import {text} from 'node:stream/consumers';

export interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const send = async (url: string, {method = 'GET', headers = {}, body}: Asked): Promise<IncomingMessage> => {
  const sent = httpRequest(url, {method, headers, agent: false});
  sent.end(body);
  const [response] = await once(sent, 'response');
  return response;
};

export const request = async (url: string, asked: Asked = {}): Promise<Answered> => {
  const response = await send(url, asked);
  return {status: response.statusCode ?? 0, headers: response.headers, body: await text(response)};
};

/** A POST as the page sends it. */
export const post = (url: string, body: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answered> =>
  request(url, {
    method: 'POST',
    headers: {origin: new URL(url).origin, 'content-type': 'application/json', ...headers},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export interface OpenFeed {
  readonly response: IncomingMessage;
  /** The messages that have arrived. */
  readonly messages: {readonly type: string; readonly [field: string]: unknown}[];
  readonly end: () => void;
}

/** Reads the messages of an event stream until `end`. */
export const openFeed = async (url: string): Promise<OpenFeed> => {
  const response = await send(url, {});
  const messages: OpenFeed['messages'] = [];
  let rest = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('data: ')) messages.push(JSON.parse(part.slice(6)));
  });
  response.on('error', () => undefined); // the server or the test ends it
  return {response, messages, end: () => response.destroy()};
};
