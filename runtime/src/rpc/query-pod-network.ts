/** QueryPodNetwork: the addresses of a sandbox. Unknown, not attached and unreadable are different errors. */
import {create} from '@bufbuild/protobuf';
import {
  type QueryPodNetworkRequest,
  type QueryPodNetworkResponse,
  QueryPodNetworkResponseSchema,
} from '../gen/kni_pb.ts';
import {fieldsOfNetwork, fieldsOfSelector} from '../network/log-fields.ts';
import {required} from './checked.ts';
import type {Handler} from './handler.ts';
import {answerOf, describeIpConfigs} from './ip-configs.ts';
import {selectorOf} from './selector.ts';

export const queryPodNetwork: Handler<QueryPodNetworkRequest, QueryPodNetworkResponse> = async (
  request,
  context,
) => {
  const {id, name, namespace} = request;
  required('id', id);
  const selector = selectorOf({id, name, namespace, extradata: {}}, undefined);
  context.note(fieldsOfSelector(selector));
  const network = context.pods.query(id);
  context.note(fieldsOfNetwork(network));
  const answer = answerOf(network);
  context.after(`ipconfigs received for id: ${id} ip: ${describeIpConfigs(answer.ipconfigs)}`);
  return create(QueryPodNetworkResponseSchema, answer);
};
