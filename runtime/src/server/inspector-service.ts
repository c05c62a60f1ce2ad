/** Serves the RPCs of the inspector on the socket of KNI. */
import type {Server, UntypedServiceImplementation} from '@grpc/grpc-js';
import type {ObserveRpc} from '../events/observe-rpcs.ts';
import {Inspector} from '../gen/inspector_pb.ts';
import type {Log} from '../log.ts';
import {acceptLoss} from '../rpc/accept-loss.ts';
import {forgetPodNetwork, listUnfinishedCleanups} from '../rpc/cleanups.ts';
import {
  type InspectorParts,
  inspectPodNetwork,
  listOrphans,
  listPodNetworks,
  reconcileNow,
} from '../rpc/inspect.ts';
import {serviceDefinitionOf} from './service-definition.ts';
import {type Rpc, unary} from './unary.ts';
import type {Watching} from './watch.ts';

const deadlineMs = {plugins: 110_000, answer: 5_000};

export const addInspector = (
  server: Server,
  inspector: InspectorParts,
  log: Log,
  watch: Watching['Watch'],
  observe?: ObserveRpc,
): void => {
  const serve = <Request extends object, Response>(rpc: Rpc<Request, Response, InspectorParts>) =>
    unary(rpc, inspector, log, observe);
  const rpcs = {
    ListPodNetworks: serve({
      name: 'ListPodNetworks',
      handle: listPodNetworks,
      deadlineMs: deadlineMs.answer,
      routine: true,
    }),
    InspectPodNetwork: serve({
      name: 'InspectPodNetwork',
      handle: inspectPodNetwork,
      deadlineMs: deadlineMs.plugins,
    }),
    ListUnfinishedCleanups: serve({
      name: 'ListUnfinishedCleanups',
      handle: listUnfinishedCleanups,
      deadlineMs: deadlineMs.plugins,
      routine: true,
    }),
    ForgetPodNetwork: serve({
      name: 'ForgetPodNetwork',
      handle: forgetPodNetwork,
      deadlineMs: deadlineMs.plugins,
    }),
    ListOrphans: serve({
      name: 'ListOrphans',
      handle: listOrphans,
      deadlineMs: deadlineMs.plugins,
      routine: true,
    }),
    Reconcile: serve({name: 'Reconcile', handle: reconcileNow, deadlineMs: deadlineMs.plugins}),
    AcceptLoss: serve({name: 'AcceptLoss', handle: acceptLoss, deadlineMs: deadlineMs.plugins}),
    Watch: watch,
  } satisfies UntypedServiceImplementation;
  server.addService(serviceDefinitionOf(Inspector), rpcs);
};
