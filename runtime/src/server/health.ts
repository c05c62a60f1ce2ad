/** Serves grpc.health.v1, Check and Watch. */
import {create} from '@bufbuild/protobuf';
import type {handleServerStreamingCall, handleUnaryCall, ServerWritableStream} from '@grpc/grpc-js';
import {status} from '@grpc/grpc-js';
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from '../gen/health_pb.ts';

/** Describes the problem; undefined while healthy. */
export type Healthy = () => string | undefined;

export interface Health {
  readonly Check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse>;
  readonly Watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse>;
  /** Sends changes to the watchers. */
  readonly tell: () => void;
  /** Sends the last status to the watchers and ends their calls, which would delay the end of the server. */
  readonly close: () => void;
}

type Watcher = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

const services = new Set(['', 'kni.KNI']);

export const createHealth = (healthy: Healthy): Health => {
  const now = (service: string): Serving => {
    if (!services.has(service)) return Serving.SERVICE_UNKNOWN;
    return healthy() === undefined ? Serving.SERVING : Serving.NOT_SERVING;
  };
  const watchers = new Map<Watcher, () => void>();
  return {
    Check: ({request}, reply) => {
      const is = now(request.service);
      if (is === Serving.SERVICE_UNKNOWN) reply({code: status.NOT_FOUND, details: 'unknown service'});
      else reply(null, create(HealthCheckResponseSchema, {status: is}));
    },
    Watch: (stream) => {
      watchers.set(stream, follow(stream, now));
      const gone = () => watchers.delete(stream);
      stream.on('cancelled', gone).on('error', gone).on('close', gone);
    },
    tell: () => {
      for (const tell of watchers.values()) tell();
    },
    close: () => {
      for (const [stream, tell] of watchers) {
        tell();
        stream.end();
      }
      watchers.clear();
    },
  };
};

/** A watcher that does not read gets the latest status when it reads again; until then one message is buffered. */
const follow = (stream: Watcher, now: (service: string) => Serving): (() => void) => {
  let told: Serving | undefined;
  let waiting = false;
  const tell = () => {
    const is = now(stream.request.service);
    if (waiting || is === told) return;
    told = is;
    waiting = !stream.write(create(HealthCheckResponseSchema, {status: is}));
  };
  stream.on('drain', () => {
    waiting = false;
    tell();
  });
  tell();
  return tell;
};
