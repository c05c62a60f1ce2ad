/** The URLs of the dashboard, all below its token. */

import {type Context, Hono} from 'hono';
import {bodyLimit} from 'hono/body-limit';
import type {ActionResponse, PageMode} from './feed.ts';
import {guard} from './guard.ts';
import type {Hub} from './hub.ts';
import {type PageFiles, servedPage, servedPolicy} from './page-html.ts';

export interface AppOptions {
  readonly token: string;
  readonly port: number;
  readonly page: PageFiles;
  readonly mode: PageMode;
  /** A live cluster, or a recording with one JSON object per line, in UTF-8. */
  readonly content: LiveContent | {readonly recording: Uint8Array<ArrayBuffer>};
  /** Milliseconds of silence after which an open answer gets a sign of life. */
  readonly heartbeat?: number;
}

export interface LiveContent {
  readonly hub: Hub;
  /** Runs an action of the page. `body` is what the page sent, and may be anything. Does not reject. */
  readonly act: (body: unknown) => Promise<ActionAnswer>;
  /** `pod` may be anything. The signal aborts when the page does not wait any more. Does not reject. */
  readonly inspect: (pod: string, signal: AbortSignal) => Promise<InspectAnswer>;
}

export interface ActionAnswer {
  readonly status: 200 | 400 | 403 | 409;
  readonly response: ActionResponse;
}

/** The object of `pod inspect --json`, or the error of that command. */
export type InspectAnswer =
  | {readonly status: 200; readonly inspection: object}
  | {readonly status: 400 | 404 | 503; readonly error: InspectError};

export interface InspectError {
  readonly what: string;
  readonly why: string;
  readonly tryThis: string;
}

/** Bytes. An action has a few words. */
const longestBody = 4_096;
/** A browser opens at most six connections to one server, so this is for programs. */
const mostReaders = 32;

/** Both sides notice a dead connection. Firefox and Node.js give up after five minutes of silence. */
const usualHeartbeat = 15_000;

export const createApp = (options: AppOptions): Hono => {
  const {token, port, page, mode, content, heartbeat = usualHeartbeat} = options;
  const all = new Hono();
  all.use(guard({token, port, policy: servedPolicy}));
  // The guard has compared the token.
  const app = all.basePath('/:token');
  const html = servedPage(page, mode);
  all.get('/:token/', (context) => context.html(html));
  all.get('/:token', (context) => context.redirect(`${context.req.path}/`));
  app.get('/page.js', (context) =>
    context.body(page.script, 200, {'Content-Type': 'text/javascript; charset=utf-8'}),
  );
  app.get('/page.css', (context) =>
    context.body(page.style, 200, {'Content-Type': 'text/css; charset=utf-8'}),
  );
  if ('recording' in content)
    app.get('/recording', (context) =>
      context.body(content.recording, 200, {'Content-Type': 'application/x-ndjson; charset=utf-8'}),
    );
  else addLive(app, content, heartbeat);
  all.notFound((context) => context.text('not found\n', 404));
  all.onError((_, context) => context.text('internal error\n', 500));
  return all;
};

const addLive = (app: Hono, {hub, act, inspect}: LiveContent, heartbeat: number): void => {
  app.get('/feed', (context) => {
    // The answer to HEAD has no body, so the stream would never be read or ended.
    if (context.req.method === 'HEAD') return context.body(null, 200, feedType);
    return hub.readers() >= mostReaders
      ? context.text('too many tabs\n', 503)
      : feedOf(context, hub, heartbeat);
  });
  app.get('/inspect', async (context) => {
    const answer = await inspect(context.req.query('pod') ?? '', context.req.raw.signal);
    return answer.status === 200
      ? context.json(answer.inspection)
      : context.json({error: answer.error}, answer.status);
  });
  app.post('/actions', bodyLimit({maxSize: longestBody, onError: tooLong}), async (context) => {
    // A form of another page cannot send this type.
    if (!/^application\/json(;|$)/.test(context.req.header('content-type') ?? ''))
      return context.json(refusal('the content type must be application/json'), 415);
    const body: unknown = await context.req.json().catch(() => undefined);
    const acting = act(body);
    const answer = await withinTime(acting, heartbeat);
    if (answer !== undefined) return context.json(answer.response, answer.status);
    return context.body(lateAnswer(acting, heartbeat), 200, {'Content-Type': 'application/json'});
  });
};

const tooLong = (context: Context) => context.json(refusal('the request is too long'), 413);

const refusal = (output: string): ActionResponse => ({ok: false, commandLine: '', output});

/** Undefined if the promise takes longer. */
const withinTime = async <Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

const encoder = new TextEncoder();

/** JSON may begin with spaces: they are the signs of life of an action that runs for minutes. */
const lateAnswer = (acting: Promise<ActionAnswer>, heartbeat: number): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const answer = await withinTime(acting, heartbeat);
        controller.enqueue(encoder.encode(answer === undefined ? ' ' : JSON.stringify(answer.response)));
        if (answer !== undefined) controller.close();
      },
    },
    {highWaterMark: 0},
  );

const feedType = {'Content-Type': 'text/event-stream; charset=utf-8'};

/** An event stream that takes from the hub only what the connection can carry. */
const feedOf = (context: Context, hub: Hub, heartbeat: number): Response => {
  const reader = hub.subscribe();
  let pending: Promise<{readonly line: string | undefined}> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= reader.next().then((line) => ({line}));
        const next = await withinTime(pending, heartbeat);
        if (next === undefined) return controller.enqueue(encoder.encode(':\n\n'));
        pending = undefined;
        if (next.line === undefined) return controller.close();
        controller.enqueue(encoder.encode(`data: ${next.line}\n\n`));
      },
      cancel: () => reader.end(),
    },
    {highWaterMark: 0},
  );
  return context.body(stream, 200, feedType);
};
