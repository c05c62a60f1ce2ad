import {join} from 'node:path';
import {fromBinary} from '@bufbuild/protobuf';
import {Client, credentials, Server, ServerCredentials} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import type {Events} from '../../../runtime/src/events/events.ts';
import {createEvents} from '../../../runtime/src/events/events.ts';
import {unobserved} from '../../../runtime/src/events/observe-rpcs.ts';
import {type Event, Inspector, WatchResponseSchema} from '../../../runtime/src/gen/inspector_pb.ts';
import {createLog} from '../../../runtime/src/log.ts';
import type {InspectorParts} from '../../../runtime/src/rpc/inspect.ts';
import {daemonServices} from '../../../runtime/src/server/daemon-services.ts';
import {serve} from '../../../runtime/src/server/server.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';
import type {HandlerContext} from '../../../runtime/src/server/unary.ts';
import {createWatch} from '../../../runtime/src/server/watch.ts';
import {tempDir} from '../../rig/temp-dir.ts';
import {until} from '../../rig/wait.ts';

const methods = serviceDefinitionOf(Inspector);

const readFrom = (client: Client) => {
  const method = methods['Watch'];
  if (!method) throw new Error('no method Watch');
  const stream = client.makeServerStreamRequest(
    method.path,
    () => Buffer.from([0x08, 1, 0x10, 1]), // past and follow
    (bytes) => fromBinary(WatchResponseSchema, bytes),
    {},
  );
  const seen: Event[] = [];
  stream.on('data', ({events: some}: {events: Event[]}) => seen.push(...some)).on('error', () => undefined);
  return {stream, seen};
};

/** Readers over a real socket. */
const serveEvents = async (events: Events) => {
  const dir = await tempDir();
  const address = `unix:${join(dir.path, 'socket')}`;
  const server = new Server();
  const watching = createWatch(events);
  server.addService(methods, {Watch: watching.Watch});
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const client = new Client(address, credentials.createInsecure());
  return {
    watching,
    read: () => readFrom(client),
    [Symbol.asyncDispose]: async () => {
      client.close();
      server.forceShutdown();
      await dir[Symbol.asyncDispose]();
    },
  };
};

describe('Watch', () => {
  it('does not make the runtime wait for a reader that stops reading, and says how many events it has lost', async () => {
    const events = createEvents();
    await using served = await serveEvents(events);
    const {stream, seen} = served.read();
    events.emit({kind: 'runtime-started'});
    await until('the reader is connected', () => seen.length > 0);
    stream.pause();
    const emitted = 40_000;
    for (let call = 1; call <= emitted; call++) {
      events.emit({kind: 'rpc-began', call, sandbox: 's'.repeat(64), netns: 'n'.repeat(64)});
      if (call % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 12));
    }
    stream.resume();
    await until('the last event arrives', () => seen.at(-1)?.call === emitted);
    const gaps = seen.filter(({kind}) => kind === 'missed');
    const missed = gaps.reduce((sum, gap) => sum + gap.missed, 0);
    expect(missed).toBeGreaterThan(1_000);
    expect(seen.filter(({kind}) => kind === 'rpc-began')).toHaveLength(emitted - missed);
    const calls = seen.filter(({kind}) => kind === 'rpc-began').map(({call}) => call);
    expect(calls).toEqual(calls.toSorted((a, b) => a - b));
  });

  it('does not delay the end of the runtime for a reader that stops reading', async () => {
    await using dir = await tempDir();
    const events = createEvents();
    const socket = join(dir.path, 'socket');
    const parts = {kni: {} as HandlerContext, inspector: {} as InspectorParts, events};
    const add = daemonServices(parts, createLog({write: () => undefined}));
    const server = await serve(socket, {add, healthy: () => undefined, observe: unobserved});
    const client = new Client(`unix:${socket}`, credentials.createInsecure());
    const {stream, seen} = readFrom(client);
    events.emit({kind: 'runtime-started'});
    await until('the reader is connected', () => seen.length > 0);
    stream.pause();
    for (let call = 1; call <= 40_000; call++) {
      events.emit({kind: 'rpc-began', call, sandbox: 's'.repeat(64), netns: 'n'.repeat(64)});
      if (call % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 12));
    }
    const begun = performance.now();
    await server.stop(120_000);
    expect(performance.now() - begun).toBeLessThan(60_000);
    client.close();
  });

  it('ends with the runtime, after the last event', async () => {
    const events = createEvents();
    await using served = await serveEvents(events);
    const {stream, seen} = served.read();
    const ended = new Promise((resolve) => {
      stream.on('end', resolve);
    });
    events.emit({kind: 'runtime-started'});
    await until('the reader is connected', () => seen.length > 0);
    events.emit({kind: 'runtime-stopping'});
    served.watching.close();
    await ended;
    expect(seen.map(({kind}) => kind)).toEqual(['runtime-started', 'runtime-stopping']);
    expect(seen.every(({version, timeUs}) => version === 1 && timeUs > 1_700_000_000_000_000n)).toBe(true);
  });
});
