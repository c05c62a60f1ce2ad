/** Serves the seven RPCs of KNI, each with its deadline. */
import type {Server, UntypedServiceImplementation} from '@grpc/grpc-js';
import type {ObserveRpc} from '../events/observe-rpcs.ts';
import {KNI} from '../gen/kni_pb.ts';
import type {Log} from '../log.ts';
import {attachInterface} from '../rpc/attach-interface.ts';
import {createNetwork} from '../rpc/create-network.ts';
import {deleteNetwork} from '../rpc/delete-network.ts';
import {detachInterface} from '../rpc/detach-interface.ts';
import {queryNodeNetworks} from '../rpc/query-node-networks.ts';
import {queryPodNetwork} from '../rpc/query-pod-network.ts';
import {setupNodeNetwork} from '../rpc/setup-node-network.ts';
import {serviceDefinitionOf} from './service-definition.ts';
import {type HandlerContext, type Rpc, unary} from './unary.ts';

/** Upper bounds for unexpected delays. Plugins have shorter timeouts. */
const deadlineMs = {plugins: 110_000, node: 20_000, answer: 5_000};

export const addKniService = (
  server: Server,
  shared: HandlerContext,
  log: Log,
  observe?: ObserveRpc,
): void => {
  const serve = <Request extends object, Response>(rpc: Rpc<Request, Response>) =>
    unary(rpc, shared, log, observe);
  const rpcs = {
    CreateNetwork: serve({name: 'CreateNetwork', handle: createNetwork, deadlineMs: deadlineMs.node}),
    DeleteNetwork: serve({name: 'DeleteNetwork', handle: deleteNetwork, deadlineMs: deadlineMs.plugins}),
    AttachInterface: serve({
      name: 'AttachInterface',
      handle: attachInterface,
      deadlineMs: deadlineMs.plugins,
    }),
    DetachInterface: serve({
      name: 'DetachInterface',
      handle: detachInterface,
      deadlineMs: deadlineMs.plugins,
    }),
    QueryPodNetwork: serve({name: 'QueryPodNetwork', handle: queryPodNetwork, deadlineMs: deadlineMs.answer}),
    SetupNodeNetwork: serve({
      name: 'SetupNodeNetwork',
      handle: setupNodeNetwork,
      deadlineMs: deadlineMs.node,
      routine: true,
    }),
    QueryNodeNetworks: serve({
      name: 'QueryNodeNetworks',
      handle: queryNodeNetworks,
      deadlineMs: deadlineMs.answer,
      routine: true,
    }),
  } satisfies UntypedServiceImplementation;
  server.addService(serviceDefinitionOf(KNI), rpcs);
};
