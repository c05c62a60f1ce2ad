/** AcceptLoss: a person has looked at the damage, and what no record stands for may be cleared away. */
import {create, type MessageInitShape} from '@bufbuild/protobuf';
import {
  type AcceptLossRequest,
  type AcceptLossResponse,
  AcceptLossResponseSchema,
  type ReconcileResponseSchema,
} from '../gen/inspector_pb.ts';
import {errorText} from '../log.ts';
import type {PodNetworkService} from '../network/lifecycle.ts';
import {type InspectContext, messageOfReconciled} from './inspect.ts';

export const acceptLoss = async (
  {confirmed}: AcceptLossRequest,
  {pods, quarantined, note}: InspectContext,
): Promise<AcceptLossResponse> => {
  const orphans = await pods.orphans();
  const found = {netns: [...orphans.netns], addresses: [...orphans.addresses]};
  if (!confirmed) return create(AcceptLossResponseSchema, {...found, files: [...(await quarantined())]});
  const files = [...(await pods.acceptLoss())];
  note({files});
  return create(AcceptLossResponseSchema, {...found, files, reconciled: await reconciledBy(pods)});
};

/** The loss is accepted whatever becomes of this: a call that hangs puts it off. */
const reconciledBy = async (
  pods: Pick<PodNetworkService, 'reconcile'>,
): Promise<MessageInitShape<typeof ReconcileResponseSchema>> => {
  try {
    return messageOfReconciled(await pods.reconcile());
  } catch (error) {
    return {problems: [`reconcile failed, run \`kni-runtime reconcile\` later: ${errorText(error)}`]};
  }
};
