/** DeleteNetwork: detaches all interfaces, then removes the netns and the record. Idempotent: succeeds for an unknown network. */
import {create} from '@bufbuild/protobuf';
import {
  type DeleteNetworkRequest,
  type DeleteNetworkResponse,
  DeleteNetworkResponseSchema,
} from '../gen/kni_pb.ts';
import {fieldsOfNetwork, fieldsOfSelector} from '../network/log-fields.ts';
import type {Handler} from './handler.ts';
import {selectorOf} from './selector.ts';

export const deleteNetwork: Handler<DeleteNetworkRequest, DeleteNetworkResponse> = async (
  request,
  context,
) => {
  const selector = selectorOf(request, request.netnsPath);
  context.note({...fieldsOfSelector(selector), correlation: context.correlationOf(selector)});
  const deleted = await context.pods.delete(selector, context);
  if (deleted) context.note(fieldsOfNetwork(deleted));
  return create(DeleteNetworkResponseSchema);
};
