/** A gRPC server with one method that always gives the same answer. */

import {create, type MessageInitShape, toBinary} from '@bufbuild/protobuf';
import {Server, ServerCredentials, type status} from '@grpc/grpc-js';
import {QueryNodeNetworksResponseSchema} from '../../runtime/src/gen/kni_pb.ts';

export const queryNodeNetworks = '/kni.KNI/QueryNodeNetworks';

/** The bytes of an answer of QueryNodeNetworks. */
export const networks = (answer: MessageInitShape<typeof QueryNodeNetworksResponseSchema>): Buffer =>
  Buffer.from(toBinary(QueryNodeNetworksResponseSchema, create(QueryNodeNetworksResponseSchema, answer)));

/** The bytes of a message, or the status of an error. */
export type Answer = Buffer | status;

/** Serves only the method of this path. */
export const serveAnswer = async (socket: string, path: string, answer: Answer) => {
  const server = new Server();
  const bytes = (value: Buffer) => value;
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  } as const;
  server.addService(
    {ask: method},
    {
      ask: (_: unknown, done: (error: object | null, value?: Buffer) => void) =>
        typeof answer === 'number' ? done({code: answer, details: 'refused'}) : done(null, answer),
    },
  );
  await new Promise<void>((resolve, reject) => {
    const bound = (error: Error | null) => (error ? reject(error) : resolve());
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), bound);
  });
  return {[Symbol.dispose]: () => server.forceShutdown()};
};
