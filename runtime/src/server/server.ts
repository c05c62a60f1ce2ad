/** Serves KNI on a unix socket that only root can open. */
import {setTimeout as delay} from 'node:timers/promises';
import {Server, ServerCredentials} from '@grpc/grpc-js';
import type {ObserveRpc} from '../events/observe-rpcs.ts';
import {Health as HealthService} from '../gen/health_pb.ts';
import {createHealth, type Healthy} from './health.ts';
import {serviceDefinitionOf} from './service-definition.ts';
import {prepareSocket} from './socket.ts';

export interface RunningServer {
  /** Waits up to `graceMs` for calls in progress, and briefly for readers of streams, then cancels them. */
  stop(graceMs: number): Promise<void>;
}

/** Adds services whose calls are reported to `observe`. Returns a function that ends their streams. */
export type AddServices = (server: Server, observe: ObserveRpc) => () => void;

export interface Services {
  readonly add: AddServices;
  readonly healthy: Healthy;
  readonly observe: ObserveRpc;
}

const options = {
  // After an invalid HTTP/2 frame a connection does not notice that its peer is gone; failed pings close it.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // Statistics that cost time in each call, and that this server does not serve.
  'grpc.enable_channelz': 0,
};
/** How often watchers of the health get changes. */
const healthMs = 1000;

/** Also serves grpc.health.v1. Must be called with the socket locked, see `lockSocket`. */
export const serve = async (
  socket: string,
  {add, healthy, ...services}: Services,
): Promise<RunningServer> => {
  const {observe, inProgress} = countCalls(services.observe);
  await prepareSocket(socket);
  const server = new Server(options);
  let stopping = false;
  const health = createHealth(() => (stopping ? 'the network runtime is stopping' : healthy()));
  const healthTimer = setInterval(health.tell, healthMs);
  const endStreams = add(server, observe);
  server.addService(serviceDefinitionOf(HealthService), {Check: health.Check, Watch: health.Watch});
  await listen(server, socket);
  return {
    stop: async (graceMs) => {
      stopping = true;
      clearInterval(healthTimer);
      health.close();
      endStreams();
      await stop(server, graceMs, inProgress);
    },
  };
};

const countCalls = (observe: ObserveRpc) => {
  let count = 0;
  return {
    inProgress: () => count,
    observe: ((rpc, request) => {
      count++;
      const end = observe(rpc, request);
      return (...results) => {
        count--;
        end(...results);
      };
    }) satisfies ObserveRpc,
  };
};

const listen = async (server: Server, socket: string): Promise<void> => {
  // The umask gives the socket its mode at once; a chmod would leave a moment for other users. The umask applies to the
  // whole process, so nothing else may create files now.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  } finally {
    process.umask(umask);
  }
};

/** In ms: for the last answers, and for the readers of streams. A reader that does not read must not delay a restart. */
const readersMs = 500;
const pollMs = 20;

/** tryShutdown has no time limit: one open connection can block it forever. */
const stop = async (server: Server, graceMs: number, inProgress: () => number): Promise<void> => {
  const drained = new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  await Promise.race([drained, quiet(graceMs, inProgress)]);
  server.forceShutdown();
};

/** Resolves when no call has been in progress for a while, at the latest after `graceMs`. */
const quiet = async (graceMs: number, inProgress: () => number): Promise<void> => {
  const end = performance.now() + graceMs;
  for (let quietMs = 0; quietMs < readersMs && performance.now() < end; ) {
    await delay(pollMs, undefined, {ref: false});
    quietMs = inProgress() > 0 ? 0 : quietMs + pollMs;
  }
};
