/** Calls a network runtime as a kubelet does, for tests. */
import {create, type DescMethod, type MessageInitShape} from '@bufbuild/protobuf';
import {Client, credentials, Metadata} from '@grpc/grpc-js';
import {
  type AttachInterfaceRequest,
  type AttachInterfaceResponse,
  type CreateNetworkRequest,
  type CreateNetworkResponse,
  type DeleteNetworkRequest,
  type DetachInterfaceRequest,
  KNI,
  type QueryNodeNetworksResponse,
  type QueryPodNetworkRequest,
  type QueryPodNetworkResponse,
} from '../gen/kni_pb.ts';
import {serviceDefinitionOf} from '../server/service-definition.ts';

/** Each call rejects with an Error that has the `code` of gRPC (5: NOT_FOUND) and `details`. */
export interface KniCalls {
  createNetwork(request: Partial<CreateNetworkRequest>): Promise<CreateNetworkResponse>;
  deleteNetwork(request: Partial<DeleteNetworkRequest>): Promise<unknown>;
  attachInterface(request: Partial<AttachInterfaceRequest>): Promise<AttachInterfaceResponse>;
  detachInterface(request: Partial<DetachInterfaceRequest>): Promise<unknown>;
  queryPodNetwork(request: Partial<QueryPodNetworkRequest>): Promise<QueryPodNetworkResponse>;
  setupNodeNetwork(): Promise<unknown>;
  queryNodeNetworks(): Promise<QueryNodeNetworksResponse>;
  /** Closes the connection. */
  close(): void;
}

const deadlineMs = 30_000;

/** `socket` is a path. The first call connects; each has a deadline of 30 s. */
export const connectKni = (socket: string): KniCalls => {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const definition = serviceDefinitionOf(KNI);
  const call = <Answer>({name, input}: DescMethod, request: MessageInitShape<DescMethod['input']>) =>
    new Promise<Answer>((resolve, reject) => {
      const method = definition[name];
      if (!method) throw new Error(`unknown method ${name}`);
      client.makeUnaryRequest<object, Answer>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize as (bytes: Buffer) => Answer,
        create(input, request),
        new Metadata(),
        {deadline: Date.now() + deadlineMs},
        (error, answer) => {
          if (answer === undefined) reject(error ?? new Error(`${name} has no answer`));
          else resolve(answer);
        },
      );
    });
  const {method} = KNI;
  return {
    createNetwork: (request) => call(method.createNetwork, request),
    deleteNetwork: (request) => call(method.deleteNetwork, request),
    attachInterface: (request) => call(method.attachInterface, request),
    detachInterface: (request) => call(method.detachInterface, request),
    queryPodNetwork: (request) => call(method.queryPodNetwork, request),
    setupNodeNetwork: () => call(method.setupNodeNetwork, {}),
    queryNodeNetworks: () => call(method.queryNodeNetworks, {}),
    close: () => client.close(),
  };
};
