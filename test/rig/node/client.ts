/** A KNI client over a real socket, as a kubelet is one. */
import {create, type MessageInitShape, type MessageShape} from '@bufbuild/protobuf';
import {Client, credentials, Metadata} from '@grpc/grpc-js';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';

type Methods = typeof KNI.method;

/** How long a caller waits: until its deadline, or until it has enough. */
export interface Patience {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export type KniClient = {
  readonly [Name in keyof Methods]: (
    request: MessageInitShape<Methods[Name]['input']>,
    patience?: Patience,
  ) => Promise<MessageShape<Methods[Name]['output']>>;
} & Disposable;

const usualMs = 40_000;

export const connectTo = (socket: string): KniClient => {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const definition = serviceDefinitionOf(KNI);
  const calls = Object.entries(KNI.method).map(([key, {name, input}]) => {
    const method = definition[name];
    const call = (init: object, {deadlineMs = usualMs, signal}: Patience = {}) =>
      new Promise((resolve, reject) => {
        if (!method) throw new Error(`no method ${name}`);
        const {path, requestSerialize, responseDeserialize} = method;
        const options = {deadline: Date.now() + deadlineMs};
        const called = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          create(input, init),
          new Metadata(),
          options,
          (error, response) => (error ? reject(error) : resolve(response)),
        );
        signal?.addEventListener('abort', () => called.cancel(), {once: true});
      });
    return [key, call];
  });
  return {...Object.fromEntries(calls), [Symbol.dispose]: () => client.close()} as KniClient;
};
