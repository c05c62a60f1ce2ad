/** Calls a network runtime over its socket. */
import {
  create,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import {Client, credentials, Metadata, type ServiceError, status} from '@grpc/grpc-js';
import {serviceDefinitionOf} from '../server/service-definition.ts';

/** The server answered with an error, or not at all; the message is for people. */
export class AskFailed extends Error {
  override readonly name = 'AskFailed';
}

export type Ask = <Method extends DescMethodUnary>(
  method: Method,
  request: MessageInitShape<Method['input']>,
) => Promise<MessageShape<Method['output']>>;

/** Messages of a stream, as they arrive. */
export type Follow = <Method extends DescMethodServerStreaming>(
  method: Method,
  request: MessageInitShape<Method['input']>,
) => AsyncIterable<MessageShape<Method['output']>>;

const deadlineMs = 30_000;

export const callRuntime = async <T>(
  socket: string,
  work: (ask: Ask, follow: Follow) => Promise<T>,
): Promise<T> => {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const ask = <Method extends DescMethodUnary>(
    method: Method,
    request: MessageInitShape<Method['input']>,
  ): Promise<MessageShape<Method['output']>> =>
    new Promise((resolve, reject) => {
      const definition = serviceDefinitionOf(method.parent)[method.name];
      if (!definition) throw new AskFailed(`unknown method ${method.name}`);
      client.makeUnaryRequest<Message, MessageShape<Method['output']>>(
        definition.path,
        definition.requestSerialize,
        (bytes) => fromBinary<Method['output']>(method.output, bytes),
        create(method.input, request),
        new Metadata(),
        {deadline: Date.now() + deadlineMs},
        (error, response) => {
          if (error) reject(new AskFailed(describeError(error, socket)));
          else if (response) resolve(response);
        },
      );
    });
  async function* follow<Method extends DescMethodServerStreaming>(
    method: Method,
    request: MessageInitShape<Method['input']>,
  ): AsyncIterable<MessageShape<Method['output']>> {
    const definition = serviceDefinitionOf(method.parent)[method.name];
    if (!definition) throw new AskFailed(`unknown method ${method.name}`);
    const stream = client.makeServerStreamRequest<Message, MessageShape<Method['output']>>(
      definition.path,
      definition.requestSerialize,
      (bytes) => fromBinary<Method['output']>(method.output, bytes),
      create(method.input, request),
    );
    try {
      yield* stream;
    } catch (error) {
      // Without a cause, which would repeat the text.
      throw isServiceError(error) ? new AskFailed(describeError(error, socket)) : error;
    } finally {
      stream.cancel();
    }
  }
  try {
    return await work(ask, follow);
  } finally {
    client.close();
  }
};

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && 'details' in error;

/** Starts with the name of the gRPC status, for programs. */
const describeError = ({code, details}: ServiceError, socket: string): string => {
  const text = code === status.UNAVAILABLE ? describeConnection(details, socket) : details;
  return `${status[code]}: ${text.replaceAll(/\s+/g, ' ')}`;
};

/** Replaces grpc-js's long description of a failed connection. */
const describeConnection = (details: string, socket: string): string => {
  if (/ENOENT|ECONNREFUSED/.test(details)) return `no server is listening on ${socket}`;
  if (!details.startsWith('No connection established')) return details;
  return `the server on ${socket} ${details.includes('Protocol error') ? 'does not speak gRPC' : 'closes connections'}`;
};
