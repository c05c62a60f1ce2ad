/** Serves KNI while the node cannot have pods yet, so that the kubelet learns the reason. */
import {create, toBinary} from '@bufbuild/protobuf';
import {unobserved} from '../events/observe-rpcs.ts';
import {QueryNodeNetworksResponseSchema} from '../gen/kni_pb.ts';
import {RpcError} from '../lib/rpc-error.ts';
import {addKniService} from '../server/kni-service.ts';
import {serve as serveServices} from '../server/server.ts';
import {log} from './log.ts';
import type {Trouble} from './messages.ts';
import {lockSocketOnce} from './socket-lock.ts';

/** Milliseconds for the last answers. */
const stopMs = 500;

/**
 * Resolves as `ready` does. Until then QueryNodeNetworks answers a network that is not ready, and all other calls fail with
 * UNAVAILABLE, which kubelets retry. Afterwards the socket is free again.
 */
export const serveUntil = async (
  ready: Promise<void>,
  {socket, trouble}: {readonly socket: string; readonly trouble: () => Trouble},
): Promise<void> => {
  await lockSocketOnce(socket);
  const refuse = async (): Promise<never> => {
    throw new RpcError('UNAVAILABLE', trouble().message);
  };
  const handlers = {
    CreateNetwork: refuse,
    DeleteNetwork: refuse,
    AttachInterface: refuse,
    DetachInterface: refuse,
    QueryPodNetwork: refuse,
    SetupNodeNetwork: refuse,
    QueryNodeNetworks: async () =>
      toBinary(
        QueryNodeNetworksResponseSchema,
        create(QueryNodeNetworksResponseSchema, {
          networks: [{name: 'pods', ready: false, extradata: {...trouble()}}],
        }),
      ),
  };
  const server = await serveServices(socket, {
    add: (grpc, observe) => {
      addKniService(grpc, handlers, {given: {}, log, observe});
      return () => undefined;
    },
    healthy: () => trouble().message,
    observe: unobserved,
  });
  try {
    await ready;
  } finally {
    await server.stop(stopMs);
  }
};
