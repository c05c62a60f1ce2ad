/** DetachInterface: CNI DEL for one sandbox. Idempotent: succeeds for a sandbox that is unknown or not attached. */
import {create} from '@bufbuild/protobuf';
import {
  type DetachInterfaceRequest,
  type DetachInterfaceResponse,
  DetachInterfaceResponseSchema,
} from '../gen/kni_pb.ts';
import {fieldsOfNetwork, fieldsOfSelector} from '../network/log-fields.ts';
import type {Handler} from './handler.ts';
import {selectorOf} from './selector.ts';

export const detachInterface: Handler<DetachInterfaceRequest, DetachInterfaceResponse> = async (
  request,
  context,
) => {
  const selector = selectorOf(request, request.isolation?.path);
  context.note({...fieldsOfSelector(selector), correlation: context.correlationOf(selector)});
  const detached = await context.pods.detach(selector, context);
  if (detached) context.note(fieldsOfNetwork(detached));
  return create(DetachInterfaceResponseSchema);
};
