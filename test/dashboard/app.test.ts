import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {connect} from 'node:net';
import {afterEach, describe, expect, it} from 'vitest';
import {createApp, type LiveContent} from '../../src/dashboard/app.ts';
import {createToken} from '../../src/dashboard/guard.ts';
import {createHub} from '../../src/dashboard/hub.ts';
import {servedPolicy} from '../../src/dashboard/page-html.ts';
import {type Serving, serve} from '../../src/dashboard/serve.ts';
import {UserError} from '../../src/errors.ts';
import {smallPage} from '../rig/dashboard/page.ts';
import {openFeed, post, request} from '../rig/dashboard/request.ts';
import {rejection} from '../rig/demo.ts';
import {until} from '../rig/wait.ts';

const servers: Serving[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const start = {version: 1, cluster: 'test1', readOnly: false, live: true, actions: [], drills: []};

const live = async (rest: Partial<LiveContent> = {}) => {
  const hub = createHub({start, backlog: 200_000});
  const bodies: unknown[] = [];
  const token = createToken();
  const serving = await serve(0, (port) =>
    createApp({
      token,
      port,
      page: smallPage,
      mode: {mode: 'live'},
      content: {
        hub,
        async act(body) {
          bodies.push(body);
          return {status: 200, response: {ok: true, commandLine: 'kni-demo x', output: 'done'}};
        },
        inspect: async (pod) => ({status: 200, inspection: {pod}}),
        ...rest,
      },
    }),
  );
  servers.push(serving);
  const origin = `http://127.0.0.1:${serving.port}`;
  return {hub, bodies, token, port: serving.port, origin, base: `${origin}/${token}/`};
};

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
      createApp({token, port, page: smallPage, mode: {mode: 'replay', speed: 2}, content: {recording}}),
    );
    servers.push(serving);
    const base = `http://127.0.0.1:${serving.port}/${token}/`;
    expect((await request(base)).body).toContain('id="kni-mode">{"mode":"replay","speed":2}</script>');
    expect(await request(`${base}recording`)).toMatchObject({status: 200, body: recording});
    for (const path of ['feed', 'inspect?pod=a']) expect((await request(base + path)).status).toBe(404);
    expect((await post(`${base}actions`, {action: 'drill', name: 'life'})).status).toBe(404);
  });
});

describe('attacks', () => {
  it('DNS rebinding: a foreign name that leads to this machine gets nothing', async () => {
    const {base, port, bodies} = await live();
    for (const host of [
      `attacker.example:${port}`,
      'attacker.example',
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
    ]) {
      for (const path of ['', 'feed', 'inspect?pod=a', 'page.js'])
        expect(await request(base + path, {headers: {host}})).toMatchObject({
          status: 403,
          body: 'forbidden: unknown host\n',
        });
      const origin = `http://${host}`;
      expect((await post(`${base}actions`, {}, {host, origin})).status).toBe(403);
    }
    expect(bodies).toEqual([]);
    expect((await request(base, {headers: {host: `localhost:${port}`}})).status).toBe(200);
  });

  it('cross-site requests: another page cannot act, read or open the feed', async () => {
    const {base, port, bodies, hub} = await live();
    const foreign = [
      {origin: 'http://attacker.example'},
      {origin: 'null'},
      {origin: `http://127.0.0.1:${port + 1}`},
      {origin: `https://127.0.0.1:${port}`},
      {'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script'},
      {'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty'},
      {'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe'},
    ];
    for (const headers of foreign) {
      for (const path of ['', 'feed', 'inspect?pod=a', 'page.js'])
        expect(await request(base + path, {headers})).toMatchObject({
          status: 403,
          body: 'forbidden: foreign page\n',
        });
      expect((await post(`${base}actions`, {action: 'drill'}, headers)).status).toBe(403);
    }
    expect(hub.readers()).toBe(0);
    expect(bodies).toEqual([]);
  });

  it('cross-site POST: a form cannot send JSON, and nobody can post without an origin', async () => {
    const {base, bodies} = await live();
    const body = '{"action":"delete-pod","pod":"default/a"}';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
    ])
      expect((await post(`${base}actions`, body, {'content-type': type})).status).toBe(415);
    const headers = {'content-type': 'application/json'};
    expect((await request(`${base}actions`, {method: 'POST', headers, body})).status).toBe(403);
    expect(bodies).toEqual([]);
    expect((await post(`${base}actions`, body)).status).toBe(200);
    expect(bodies).toEqual([JSON.parse(body)]);
  });

  it('a preflight of another page is not answered', async () => {
    const {base} = await live();
    const headers = {origin: 'http://attacker.example', 'access-control-request-method': 'POST'};
    const {status, headers: answered} = await request(`${base}actions`, {method: 'OPTIONS', headers});
    expect(status).toBe(403);
    expect(Object.keys(answered).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('a link on another page may open this one', async () => {
    const {base} = await live();
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await request(base, {headers})).status).toBe(200);
  });

  it('a wrong or missing token gets nothing', async () => {
    const {origin, token} = await live();
    expect(token).toMatch(/^[\w-]{22}$/);
    expect(createToken()).not.toBe(token);
    for (const path of ['', 'feed', `${token.slice(1)}/feed`, `${token}x/`, `x/${token}/feed`, '../feed'])
      expect(await request(`${origin}/${path}`)).toMatchObject({
        status: 404,
        body: 'not found: use the URL that kni-demo printed\n',
      });
  });

  it('a long body is refused, with its length or without, before it is read', async () => {
    const {base, bodies} = await live();
    const long = JSON.stringify({action: 'x'.repeat(5_000)});
    for (const headers of [{'content-length': long.length}, {'transfer-encoding': 'chunked'}]) {
      const {status, body} = await post(`${base}actions`, long, headers);
      expect({status, body: JSON.parse(body)}).toEqual({
        status: 413,
        body: {ok: false, commandLine: '', output: 'the request is too long'},
      });
    }
    expect(bodies).toEqual([]);
  });

  it('listens on the loopback interface only', async () => {
    const {port} = await live();
    const listening = (await readFile('/proc/net/tcp', 'utf8'))
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[1] ?? '')
      .filter((address) => address.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`));
    expect(listening.length).toBeGreaterThan(0);
    expect(listening.every((address) => address.startsWith('0100007F:'))).toBe(true);
    const six = await readFile('/proc/net/tcp6', 'utf8').catch(() => '');
    expect(six).not.toContain(`:${port.toString(16).toUpperCase().padStart(4, '0')} `);
  });
});

describe('the feed', () => {
  it('sends messages to several tabs as they come', async () => {
    const {base, hub} = await live();
    const tabs = [await openFeed(`${base}feed`), await openFeed(`${base}feed`)];
    expect(tabs[0]?.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    hub.publish({type: 'lost', time: '2026-11-28T12:00:00Z', reason: 'zwei\nZeilen – „ü“'});
    for (const {messages, end} of tabs) {
      await until('both messages', () => messages.length === 2);
      expect(messages).toMatchObject([
        {type: 'start', ...start},
        {type: 'lost', reason: 'zwei\nZeilen – „ü“'},
      ]);
      end();
    }
    await until('the readers to be gone', () => hub.readers() === 0);
  });

  it('does not keep what a tab does not read, and tells it so', {timeout: 120_000}, async () => {
    const {base, hub, port, token} = await live();
    const tab = await openFeed(`${base}feed`);
    // A tab that reads nothing: its socket is paused after the request.
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /${token}/feed HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    socket.pause();
    await until('two readers', () => hub.readers() === 2);
    const kind = 'x'.repeat(10_000);
    let sent = 0;
    // 40 MB: more than the kernel buffers for one connection.
    for (; sent < 4_000; sent += 1) {
      hub.publish({type: 'event', version: 1, time: '2026-11-28T12:00:00Z', source: 'runtime', kind});
      if (sent % 10 === 0) await new Promise(setImmediate);
    }
    await until('the quick tab to have all', () => tab.messages.length === sent + 1);
    let got = '';
    socket.on('data', (chunk) => (got += String(chunk)));
    socket.resume();
    await until('the slow tab to be told', () => /"type":"dropped"/.test(got) && got.length > 200_000);
    const [, dropped = '0'] = /"type":"dropped".*?"messages":(\d+)/.exec(got) ?? [];
    await until('the last message', () => got.split('"type":"event"').length - 1 + Number(dropped) >= sent);
    expect(Number(dropped)).toBeGreaterThan(100);
    socket.destroy();
    tab.end();
    await until('the readers to be gone', () => hub.readers() === 0);
  });

  it('refuses more tabs than anybody has', async () => {
    const {base, hub} = await live();
    const tabs = await Promise.all(Array.from({length: 32}, () => openFeed(`${base}feed`)));
    await until('all readers', () => hub.readers() === 32);
    expect(await request(`${base}feed`)).toMatchObject({status: 503, body: 'too many tabs\n'});
    for (const {end} of tabs) end();
    await until('the readers to be gone', () => hub.readers() === 0);
    const again = await openFeed(`${base}feed`);
    expect(again.response.statusCode).toBe(200);
    again.end();
  });

  it('keeps no reader for HEAD, and none for tabs that leave at once', async () => {
    const {base, hub, port, token} = await live();
    for (let n = 0; n < 40; n += 1)
      expect(await request(`${base}feed`, {method: 'HEAD'})).toMatchObject({
        status: 200,
        headers: {'content-type': 'text/event-stream; charset=utf-8'},
      });
    for (let n = 0; n < 40; n += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      await new Promise((resolve) => {
        socket.write(`GET /${token}/feed HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, resolve);
      });
      socket.destroy();
    }
    await until('no readers', async () => (await request(base)).status === 200 && hub.readers() === 0);
  });

  it('ends with the server', async () => {
    const {base, hub} = await live();
    const tab = await openFeed(`${base}feed`);
    await until('the start', () => tab.messages.length === 1);
    let isClosed = false;
    tab.response.once('close', () => {
      isClosed = true;
    });
    hub.close();
    await servers.pop()?.close();
    await until('the end of the feed', () => isClosed);
    expect(hub.readers()).toBe(0);
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

  it('end an inspection that nobody waits for any more', async () => {
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
