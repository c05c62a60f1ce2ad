/** A KNI client over a real socket, as a kubelet is one. */

import {create, type MessageInitShape, type MessageShape} from '@bufbuild/protobuf';
import {type Client, credentials, makeClientConstructor, type ServiceError} from '@grpc/grpc-js';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';

type Methods = typeof KNI.method;

export type KniClient = {
  readonly [Name in keyof Methods]: (
    request: MessageInitShape<Methods[Name]['input']>,
  ) => Promise<MessageShape<Methods[Name]['output']>>;
} & Disposable;

type Call = (
  request: unknown,
  options: {deadline: number},
  done: (error: ServiceError | null, response: unknown) => void,
) => void;

const deadlineMs = 40_000;

export const connectTo = (socket: string): KniClient => {
  const Kni = makeClientConstructor(serviceDefinitionOf(KNI), 'KNI');
  const client = new Kni(`unix:${socket}`, credentials.createInsecure()) as Client & Record<string, Call>;
  const calls = Object.entries(KNI.method).map(([key, {name, input}]) => {
    const call = (init: object) =>
      new Promise((resolve, reject) => {
        const request = create(input, init);
        client[name]?.call(client, request, {deadline: Date.now() + deadlineMs}, (error, response) =>
          error ? reject(error) : resolve(response),
        );
      });
    return [key, call];
  });
  return {...Object.fromEntries(calls), [Symbol.dispose]: () => client.close()} as KniClient;
};
