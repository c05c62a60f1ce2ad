/** QueryPodNetwork: the addresses of a sandbox. Unknown, not attached and unreadable are different errors. */
import type {QueryPodNetworkRequest} from '../gen/kni_pb.ts';
import {fieldsOfNetwork, fieldsOfSelector} from '../network/log-fields.ts';
import {required} from './checked.ts';
import {encodedAnswerOf} from './encoded-answer.ts';
import type {Handler} from './handler.ts';
import {selectorOf} from './selector.ts';

export const queryPodNetwork: Handler<QueryPodNetworkRequest, Uint8Array> = async (request, context) => {
  const {id, name, namespace} = request;
  required('id', id);
  const selector = selectorOf({id, name, namespace, extradata: {}}, undefined);
  context.note(fieldsOfSelector(selector));
  const network = context.pods.query(id);
  context.note(fieldsOfNetwork(network));
  const {bytes, described} = encodedAnswerOf(network);
  context.after(`ipconfigs received for id: ${id} ip: ${described}`);
  return bytes;
};
