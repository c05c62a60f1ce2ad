/** Serves the seven RPCs of KNI, each with its deadline. */
import type {Server, UntypedServiceImplementation} from '@grpc/grpc-js';
import type {ObserveRpc} from '../events/observe-rpcs.ts';
import type {
  AttachInterfaceRequest,
  AttachInterfaceResponse,
  CreateNetworkRequest,
  CreateNetworkResponse,
  DeleteNetworkRequest,
  DeleteNetworkResponse,
  DetachInterfaceRequest,
  DetachInterfaceResponse,
  QueryNodeNetworksRequest,
  QueryNodeNetworksResponse,
  QueryPodNetworkRequest,
  QueryPodNetworkResponse,
  SetupNodeNetworkRequest,
  SetupNodeNetworkResponse,
} from '../gen/kni_pb.ts';
import {KNI} from '../gen/kni_pb.ts';
import type {Log} from '../log.ts';
import {serviceDefinitionOf} from './service-definition.ts';
import {type CallContext, unary} from './unary.ts';

/** Resolves with a message, or with its encoding. */
type Handle<Given, Request, Response> = (
  request: Request,
  context: Given & CallContext,
) => Promise<Response | Uint8Array>;

/** `Given` is what all handlers get beside the context of their call. */
export interface KniHandlers<Given> {
  readonly CreateNetwork: Handle<Given, CreateNetworkRequest, CreateNetworkResponse>;
  readonly DeleteNetwork: Handle<Given, DeleteNetworkRequest, DeleteNetworkResponse>;
  readonly AttachInterface: Handle<Given, AttachInterfaceRequest, AttachInterfaceResponse>;
  readonly DetachInterface: Handle<Given, DetachInterfaceRequest, DetachInterfaceResponse>;
  readonly QueryPodNetwork: Handle<Given, QueryPodNetworkRequest, QueryPodNetworkResponse>;
  readonly SetupNodeNetwork: Handle<Given, SetupNodeNetworkRequest, SetupNodeNetworkResponse>;
  readonly QueryNodeNetworks: Handle<Given, QueryNodeNetworksRequest, QueryNodeNetworksResponse>;
}

/** Upper bounds for unexpected delays. Plugins have shorter timeouts. */
const deadlineMs = {plugins: 110_000, node: 20_000, answer: 5_000};

const rpcs = {
  CreateNetwork: {name: 'CreateNetwork', deadlineMs: deadlineMs.node},
  DeleteNetwork: {name: 'DeleteNetwork', deadlineMs: deadlineMs.plugins},
  AttachInterface: {name: 'AttachInterface', deadlineMs: deadlineMs.plugins},
  DetachInterface: {name: 'DetachInterface', deadlineMs: deadlineMs.plugins},
  QueryPodNetwork: {name: 'QueryPodNetwork', deadlineMs: deadlineMs.answer},
  SetupNodeNetwork: {name: 'SetupNodeNetwork', deadlineMs: deadlineMs.node, routine: true},
  QueryNodeNetworks: {name: 'QueryNodeNetworks', deadlineMs: deadlineMs.answer, routine: true},
} as const;

export const addKniService = <Given extends object>(
  server: Server,
  handlers: KniHandlers<Given>,
  {given, log, observe}: {readonly given: Given; readonly log: Log; readonly observe: ObserveRpc},
): void => {
  const serve = <Request extends object, Response>(
    name: keyof typeof rpcs,
    handle: Handle<Given, Request, Response>,
  ) => unary({...rpcs[name], handle}, given, log, observe);
  const served = {
    CreateNetwork: serve('CreateNetwork', handlers.CreateNetwork),
    DeleteNetwork: serve('DeleteNetwork', handlers.DeleteNetwork),
    AttachInterface: serve('AttachInterface', handlers.AttachInterface),
    DetachInterface: serve('DetachInterface', handlers.DetachInterface),
    QueryPodNetwork: serve('QueryPodNetwork', handlers.QueryPodNetwork),
    SetupNodeNetwork: serve('SetupNodeNetwork', handlers.SetupNodeNetwork),
    QueryNodeNetworks: serve('QueryNodeNetworks', handlers.QueryNodeNetworks),
  } satisfies UntypedServiceImplementation;
  server.addService(serviceDefinitionOf(KNI), served);
};
