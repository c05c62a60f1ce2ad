/** Calls a network runtime over its socket. */
import {
  create,
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

const deadlineMs = 30_000;

export const callRuntime = async <T>(socket: string, work: (ask: Ask) => Promise<T>): Promise<T> => {
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
  try {
    return await work(ask);
  } finally {
    client.close();
  }
};

/** Starts with the name of the gRPC status, for programs. */
const describeError = ({code, details}: ServiceError, socket: string): string => {
  // Replaces grpc-js's long description of a failed connection.
  const silent =
    code === status.UNAVAILABLE && /^No connection established|ENOENT|ECONNREFUSED/.test(details);
  const text = silent ? `no server is listening on ${socket}` : details.replaceAll(/\s+/g, ' ');
  return `${status[code]}: ${text}`;
};
