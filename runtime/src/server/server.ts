/** Serves KNI on a unix socket that only root can open. */
import {Server, ServerCredentials} from '@grpc/grpc-js';
import {Health as HealthService} from '../gen/health_pb.ts';
import type {Log} from '../log.ts';
import type {InspectorParts} from '../rpc/inspect.ts';
import {createHealth, type Healthy} from './health.ts';
import {addInspector} from './inspector-service.ts';
import {addKniService} from './kni-service.ts';
import {serviceDefinitionOf} from './service-definition.ts';
import {prepareSocket} from './socket.ts';
import type {HandlerContext, ObserveRpc} from './unary.ts';

export interface RunningServer {
  /** Lets the calls under way end, for as long as `graceMs`; then cuts them off. */
  stop(graceMs: number): Promise<void>;
}

export interface Services {
  readonly kni: HandlerContext;
  readonly inspector: InspectorParts;
  readonly healthy: Healthy;
  readonly observe: ObserveRpc;
}

/** After a frame that breaks HTTP/2 a connection does not notice that its peer has gone: pings do, and let go of it. */
const keepalive = {'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 5_000};
/** How late those who watch the health may learn of a change. */
const healthMs = 1000;

export const serve = async (socket: string, services: Services, log: Log): Promise<RunningServer> => {
  const {kni, inspector, healthy, observe} = services;
  await prepareSocket(socket);
  const server = new Server(keepalive);
  let stopping = false;
  const health = createHealth(() => (stopping ? 'the network runtime is stopping' : healthy()));
  const telling = setInterval(health.tell, healthMs);
  addKniService(server, kni, log, observe);
  addInspector(server, inspector, log, observe);
  server.addService(serviceDefinitionOf(HealthService), {Check: health.Check, Watch: health.Watch});
  await listen(server, socket);
  return {
    stop: async (graceMs) => {
      stopping = true;
      clearInterval(telling);
      health.close();
      await stop(server, graceMs);
    },
  };
};

const listen = async (server: Server, socket: string): Promise<void> => {
  // The mode of a socket is what the umask leaves, from the first instant; a chmod would come late. The umask is the
  // whole process's: nothing else must be making files now.
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

/** tryShutdown alone may wait for ever: it has no limit, and one connection that stays open is enough. */
const stop = async (server: Server, graceMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  const drained = new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  await Promise.race([drained, patience]);
  clearTimeout(timer);
  server.forceShutdown();
};
