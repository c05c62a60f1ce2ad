/** Servers of the dashboard in this process. They are closed after each test. */
import {afterEach} from 'vitest';
import {createApp, type LiveContent} from '../../../src/dashboard/app.ts';
import {createToken} from '../../../src/dashboard/guard.ts';
import {createHub} from '../../../src/dashboard/hub.ts';
import {type Serving, serve} from '../../../src/dashboard/serve.ts';
import {smallPage} from './page.ts';

export const servers: Serving[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

export const start = {version: 1, cluster: 'test1', readOnly: false, live: true, actions: [], drills: []};

interface LiveParts extends Partial<LiveContent> {
  readonly heartbeat?: number;
}

export const live = async ({heartbeat, ...rest}: LiveParts = {}) => {
  const hub = createHub({start, backlog: 200_000});
  const bodies: unknown[] = [];
  const token = createToken();
  const serving = await serve(0, (port) =>
    createApp({
      token,
      port,
      page: smallPage,
      mode: {mode: 'live'},
      ...(heartbeat !== undefined && {heartbeat}),
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
