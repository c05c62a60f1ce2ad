/** AttachInterface: CNI ADD for one sandbox. Idempotent: a retry returns the result of the first call. */
import {loopbackInterface} from '../cni/loopback.ts';
import type {AttachInterfaceRequest} from '../gen/kni_pb.ts';
import {fieldsOfNetwork, fieldsOfSelector} from '../network/log-fields.ts';
import {networkSelectionsFrom, networksAnnotation} from '../network/network-selection.ts';
import {primaryInterface} from '../network/primary-ips.ts';
import {commonArgsOf, primaryArgsOf} from './capability-args.ts';
import {required} from './checked.ts';
import {encodedAnswerOf} from './encoded-answer.ts';
import type {Handler} from './handler.ts';
import {selectorOf} from './selector.ts';

export const attachInterface: Handler<AttachInterfaceRequest, Uint8Array> = async (request, context) => {
  required('id', request.id);
  const selector = selectorOf(request, request.isolation?.path);
  context.note({...fieldsOfSelector(selector), correlation: context.correlationOf(selector)});
  const annotation = request.annotations[networksAnnotation];
  const ownSelections = () =>
    annotation === undefined ? [] : networkSelectionsFrom(annotation, [primaryInterface, loopbackInterface]);
  const args = {
    commonArgs: commonArgsOf(request),
    primaryArgs: primaryArgsOf(request),
    selections: context.node.handlesSelections() ? [] : ownSelections(),
    ownSelections,
  };
  const network = await context.pods.attach({...selector, ...args}, context);
  context.note(fieldsOfNetwork(network));
  return encodedAnswerOf(network).bytes;
};
