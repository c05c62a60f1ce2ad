import {describe, expect, it} from 'vitest';
import {createApp} from '../../src/dashboard/app.ts';
import {createToken} from '../../src/dashboard/guard.ts';
import {servedPolicy} from '../../src/dashboard/page-html.ts';
import {serve} from '../../src/dashboard/serve.ts';
import {UserError} from '../../src/errors.ts';
import {live, servers} from '../rig/dashboard/live-app.ts';
import {smallPage} from '../rig/dashboard/page.ts';
import {post, request} from '../rig/dashboard/request.ts';
import {rejection} from '../rig/demo.ts';
import {until} from '../rig/wait.ts';

describe('the page', () => {
  it('is served with its files, and says that it is live', async () => {
    const {base} = await live();
    const page = await request(base);
    expect(page).toMatchObject({status: 200, body: smallPage.html});
    expect(await request(base.slice(0, -1))).toMatchObject({
      status: 302,
      headers: {location: new URL(base).pathname},
    });
    expect(await request(`${base}page.js`)).toMatchObject({
      status: 200,
      body: smallPage.script,
      headers: {'content-type': 'text/javascript; charset=utf-8'},
    });
    expect(await request(`${base}page.css`)).toMatchObject({
      status: 200,
      headers: {'content-type': 'text/css; charset=utf-8'},
    });
  });

  it('has headers against scripts, frames, caches and referrers of others, also on errors', async () => {
    const {base, origin} = await live();
    for (const url of [base, `${base}page.js`, `${base}nothing`, `${origin}/`, `${base}inspect?pod=a`])
      expect((await request(url)).headers).toMatchObject({
        'content-security-policy': servedPolicy,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
    expect(servedPolicy).not.toMatch(/unsafe|\*|https?:/);
  });

  it('plays a recording', async () => {
    const recording = '{"type":"start"}\n{"type":"back"}\n';
    const token = createToken();
    const serving = await serve(0, (port) =>
      createApp({
        token,
        port,
        page: smallPage,
        mode: {mode: 'replay', speed: 2},
        content: {recording: Buffer.from(recording)},
      }),
    );
    servers.push(serving);
    const base = `http://127.0.0.1:${serving.port}/${token}/`;
    expect((await request(base)).body).toContain('id="kni-mode">{"mode":"replay","speed":2}</script>');
    expect(await request(`${base}recording`)).toMatchObject({status: 200, body: recording});
    for (const path of ['feed', 'inspect?pod=a']) expect((await request(base + path)).status).toBe(404);
    expect((await post(`${base}actions`, {action: 'drill', name: 'life'})).status).toBe(404);
  });
});

describe('inspect and actions', () => {
  it('pass on what the page asks, and the answer', async () => {
    const {base} = await live();
    expect(JSON.parse((await request(`${base}inspect?pod=default%2Fa`)).body)).toEqual({pod: 'default/a'});
    expect(JSON.parse((await post(`${base}actions`, {action: 'drill', name: 'life'})).body)).toEqual({
      ok: true,
      commandLine: 'kni-demo x',
      output: 'done',
    });
  });

  it('answer an action that runs for a long time with spaces, until its JSON follows', async () => {
    const response = {ok: true, commandLine: 'kni-demo drill life', output: 'done'};
    let finish: (() => void) | undefined;
    const {base} = await live({
      heartbeat: 20,
      act: () =>
        new Promise((resolve) => {
          finish = () => resolve({status: 200, response});
        }),
    });
    const headers = {origin: new URL(base).origin, 'content-type': 'application/json'};
    const answer = await fetch(`${base}actions`, {method: 'POST', headers, body: '{}'});
    expect(answer.headers.get('content-type')).toBe('application/json');
    const parts: string[] = [];
    for await (const part of answer.body ?? []) {
      parts.push(Buffer.from(part).toString());
      if (parts.length === 3) finish?.();
    }
    const text = parts.join('');
    expect(text).toMatch(/^ {3,}\{/);
    expect(JSON.parse(text)).toEqual(response);
  });

  it('abort an inspection when its request is cancelled', async () => {
    let isAbandoned = false;
    const {base} = await live({
      inspect: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            isAbandoned = true;
            resolve({status: 503, error: {what: '', why: '', tryThis: ''}});
          });
        }),
    });
    const controller = new AbortController();
    const asked = fetch(`${base}inspect?pod=a`, {signal: controller.signal});
    asked.catch(() => undefined);
    setTimeout(() => controller.abort(), 200);
    await expect(asked).rejects.toThrow(/abort/);
    await until('the end of the inspection', () => isAbandoned);
  });

  it('have a status for refusals, and survive invalid JSON', async () => {
    const error = {what: 'a', why: 'b', tryThis: 'c'};
    const seen: unknown[] = [];
    const {base} = await live({
      async act(body) {
        seen.push(body);
        return {status: 400, response: {ok: false, commandLine: '', output: 'invalid'}};
      },
      inspect: async () => ({status: 404, error}),
    });
    const missing = await request(`${base}inspect`);
    expect({status: missing.status, body: JSON.parse(missing.body)}).toEqual({status: 404, body: {error}});
    expect((await post(`${base}actions`, '{"action":')).status).toBe(400);
    expect(seen).toEqual([undefined]);
  });

  it('do not show an error of the program to the page', async () => {
    const {base} = await live({
      act: async () => {
        throw new Error('secret path');
      },
    });
    const {status, body} = await post(`${base}actions`, {});
    expect({status, body}).toEqual({status: 500, body: 'internal error\n'});
  });
});

describe('the port', () => {
  it('is refused with advice when it is taken', async () => {
    const {port} = await live();
    const error = await rejection(
      serve(port, () => {
        throw new Error('not reached');
      }),
      UserError,
    );
    expect(error.message).toBe(`cannot listen on 127.0.0.1:${port}: another program listens there`);
    expect(error.errorCode).toBe('KNI-E231');
  });
});
