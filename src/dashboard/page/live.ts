/** Reads the feed of the running dashboard, and sends actions to it. */

import type {ActionRequest, ActionResponse, FeedMessage} from '../feed.ts';
import {readAnswer, refusalText} from './model/answer.ts';
import {connection, receive} from './store.ts';

/** Milliseconds that the clock of the dashboard is ahead of the browser's, which may be on another machine. */
let serverAhead = 0;

/** RFC 3339, by the clock of the dashboard. */
export const serverTime = (): string => new Date(Date.now() + serverAhead).toISOString();

/** EventSource connects again by itself; the server then sends the feed from its beginning. */
export const readFeed = (): void => {
  const source = new EventSource('feed');
  source.addEventListener('open', () => {
    connection.value = 'connected';
  });
  source.addEventListener('error', () => {
    connection.value = 'broken';
    // After some answers, such as 404, the browser gives up.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(readFeed, 3_000);
  });
  source.addEventListener('message', ({data}) => {
    const message = parse(String(data));
    if (message === undefined) return;
    if (message.type === 'start') serverAhead = (Date.parse(message.time) || Date.now()) - Date.now();
    receive(message);
  });
};

export const parse = (line: string): FeedMessage | undefined => {
  try {
    const message: FeedMessage = JSON.parse(line);
    return typeof message === 'object' && message !== null && typeof message.type === 'string'
      ? message
      : undefined;
  } catch {
    return undefined;
  }
};

/** An answer of the dashboard other than 2xx. Another attempt would get the same. */
class Refusal extends Error {}

/** Milliseconds between two attempts, and their number. */
const again = {pause: 500, attempts: 4};

/** The text of an answer. A browser aborts requests when an interface of the machine changes, as containers do when they start. Only for GET. */
const fetchAgain = async (url: string, signal?: AbortSignal): Promise<string> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, {...(signal && {signal})});
      const text = await response.text();
      if (!response.ok) throw new Refusal(refusalText(text, response.status));
      return text;
    } catch (error) {
      if (error instanceof Refusal || signal?.aborted || attempt >= again.attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, again.pause));
    }
  }
};

/** Never rejects: a failure to reach the server is an answer, too. */
export const act = async (request: ActionRequest): Promise<ActionResponse> => {
  try {
    const headers = {'content-type': 'application/json'};
    const response = await fetch('actions', {method: 'POST', headers, body: JSON.stringify(request)});
    return readAnswer(await response.text(), response.status);
  } catch (error) {
    const output = `The connection to the dashboard broke: ${String(error)}. The command may still run: its events say how it ends.`;
    return {ok: false, commandLine: '', output};
  }
};

/** The messages of a recording. Rejects with the server's reason. */
export const fetchRecording = (): Promise<string> => fetchAgain('recording');

/** The object that `pod inspect --json` prints. Rejects with the server's reason. */
export const inspect = async (pod: string, signal: AbortSignal): Promise<unknown> => {
  const text = await fetchAgain(`inspect?pod=${encodeURIComponent(pod)}`, signal);
  return JSON.parse(text) as unknown;
};
