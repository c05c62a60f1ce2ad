/** AcceptLoss: a person accepts that records were lost, so that everything without a record may be removed. */
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
  return create(AcceptLossResponseSchema, {...found, files, reconciled: await tryReconcile(pods)});
};

/** A failed reconcile does not undo the acceptance: a hanging call may only delay it. */
const tryReconcile = async (
  pods: Pick<PodNetworkService, 'reconcile'>,
): Promise<MessageInitShape<typeof ReconcileResponseSchema>> => {
  try {
    return messageOfReconciled(await pods.reconcile());
  } catch (error) {
    return {problems: [`reconcile failed, run \`kni-runtime reconcile\` later: ${errorText(error)}`]};
  }
};
