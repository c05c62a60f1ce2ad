/** Serves the inspector's RPC Watch. */
import {create} from '@bufbuild/protobuf';
import type {handleServerStreamingCall} from '@grpc/grpc-js';
import {type StampedEvent, schemaVersion} from '../events/event.ts';
import type {Events, Reader} from '../events/events.ts';
import {
  type Event,
  EventSchema,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from '../gen/inspector_pb.ts';

export interface Watching {
  readonly Watch: handleServerStreamingCall<WatchRequest, WatchResponse>;
  /** Ends all calls, which would delay the end of the server. */
  readonly close: () => void;
}

export const createWatch = (events: Pick<Events, 'watch'>): Watching => {
  const readers = new Set<Reader>();
  return {
    Watch: (stream) => {
      const {past, follow} = stream.request;
      const reader = events.watch({
        past,
        follow,
        send: (batch) => stream.write(create(WatchResponseSchema, {events: batch.map(messageOf)})),
        onEnd: () => stream.end(),
      });
      readers.add(reader);
      const gone = () => {
        readers.delete(reader);
        reader.drop();
      };
      stream.on('drain', reader.drained).on('cancelled', gone).on('error', gone).on('close', gone);
    },
    close: () => {
      for (const reader of readers) reader.stop();
      readers.clear();
    },
  };
};

const messageOf = ({timeUs, ...fields}: StampedEvent): Event =>
  Object.assign(
    create(EventSchema, {version: schemaVersion, timeUs: BigInt(timeUs)}),
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  );
