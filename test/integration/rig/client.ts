/** A KNI client over a real socket, as a kubelet is one. */
import {create, type MessageInitShape, type MessageShape} from '@bufbuild/protobuf';
import {Client, credentials, Metadata} from '@grpc/grpc-js';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';

type Methods = typeof KNI.method;

export type KniClient = {
  readonly [Name in keyof Methods]: (
    request: MessageInitShape<Methods[Name]['input']>,
  ) => Promise<MessageShape<Methods[Name]['output']>>;
} & Disposable;

const deadlineMs = 40_000;

export const connectTo = (socket: string): KniClient => {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const definition = serviceDefinitionOf(KNI);
  const calls = Object.entries(KNI.method).map(([key, {name, input}]) => {
    const method = definition[name];
    const call = (init: object) =>
      new Promise((resolve, reject) => {
        if (!method) throw new Error(`no method ${name}`);
        const {path, requestSerialize, responseDeserialize} = method;
        const options = {deadline: Date.now() + deadlineMs};
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          create(input, init),
          new Metadata(),
          options,
          (error, response) => (error ? reject(error) : resolve(response)),
        );
      });
    return [key, call];
  });
  return {...Object.fromEntries(calls), [Symbol.dispose]: () => client.close()} as KniClient;
};
