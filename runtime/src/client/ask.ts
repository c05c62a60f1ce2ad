/** Asks a network runtime over its socket. */
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

/** It has answered with an error, or not at all; the message is for people. */
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
      if (!definition) throw new AskFailed(`there is no ${method.name}`);
      client.makeUnaryRequest<Message, MessageShape<Method['output']>>(
        definition.path,
        definition.requestSerialize,
        (bytes) => fromBinary<Method['output']>(method.output, bytes),
        create(method.input, request),
        new Metadata(),
        {deadline: Date.now() + deadlineMs},
        (error, response) => {
          if (error) reject(new AskFailed(textOf(error, socket)));
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

/** The first words are the status, for programs. */
const textOf = ({code, details}: ServiceError, socket: string): string => {
  // grpc-js describes at length how it did not connect.
  const silent =
    code === status.UNAVAILABLE && /^No connection established|ENOENT|ECONNREFUSED/.test(details);
  const text = silent ? `nobody answers on ${socket}` : details.replaceAll(/\s+/g, ' ');
  return `${status[code]}: ${text}`;
};
