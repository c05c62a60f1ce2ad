/** The services of our own network runtime: KNI and the inspector. */
import type {Events} from '../events/events.ts';
import type {Log} from '../log.ts';
import {attachInterface} from '../rpc/attach-interface.ts';
import {createNetwork} from '../rpc/create-network.ts';
import {deleteNetwork} from '../rpc/delete-network.ts';
import {detachInterface} from '../rpc/detach-interface.ts';
import type {InspectorParts} from '../rpc/inspect.ts';
import {queryNodeNetworks} from '../rpc/query-node-networks.ts';
import {queryPodNetwork} from '../rpc/query-pod-network.ts';
import {setupNodeNetwork} from '../rpc/setup-node-network.ts';
import {addInspector} from './inspector-service.ts';
import {addKniService, type KniHandlers} from './kni-service.ts';
import type {AddServices} from './server.ts';
import type {HandlerContext} from './unary.ts';
import {createWatch} from './watch.ts';

export interface DaemonParts {
  readonly kni: HandlerContext;
  readonly inspector: InspectorParts;
  readonly events: Pick<Events, 'watch'>;
}

const handlers: KniHandlers<HandlerContext> = {
  CreateNetwork: createNetwork,
  DeleteNetwork: deleteNetwork,
  AttachInterface: attachInterface,
  DetachInterface: detachInterface,
  QueryPodNetwork: queryPodNetwork,
  SetupNodeNetwork: setupNodeNetwork,
  QueryNodeNetworks: queryNodeNetworks,
};

export const daemonServices =
  ({kni, inspector, events}: DaemonParts, log: Log): AddServices =>
  (server, observe) => {
    addKniService(server, handlers, {given: kni, log, observe});
    const watching = createWatch(events);
    addInspector(server, inspector, log, watching.Watch, observe);
    return watching.close;
  };
