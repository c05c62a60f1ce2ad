import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {createToken} from '../../src/dashboard/guard.ts';
import {live} from '../rig/dashboard/live-app.ts';
import {post, request} from '../rig/dashboard/request.ts';

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

  it('cross-site POST: a form cannot send JSON, and a POST needs an origin', async () => {
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
