import {once} from 'node:events';
import {connect} from 'node:net';
import {describe, expect, it} from 'vitest';
import {live, servers, start} from '../rig/dashboard/live-app.ts';
import {openFeed, request} from '../rig/dashboard/request.ts';
import {until} from '../rig/wait.ts';

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

  it('drops messages that a tab does not read, and tells it how many', {timeout: 120_000}, async () => {
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

  it('refuses the 33rd tab', async () => {
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
