/** The inspector's RPCs about failed cleanups. */
import {create} from '@bufbuild/protobuf';
import {
  type ForgetPodNetworkRequest,
  type ForgetPodNetworkResponse,
  ForgetPodNetworkResponseSchema,
  type ListUnfinishedCleanupsRequest,
  type ListUnfinishedCleanupsResponse,
  ListUnfinishedCleanupsResponseSchema,
} from '../gen/inspector_pb.ts';
import {fieldsOfNetwork} from '../network/log-fields.ts';
import {type InspectContext, messageOf} from './inspect.ts';

export const listUnfinishedCleanups = async (
  {retry}: ListUnfinishedCleanupsRequest,
  {pods}: InspectContext,
): Promise<ListUnfinishedCleanupsResponse> => {
  if (retry) await pods.retryUnfinished();
  return create(ListUnfinishedCleanupsResponseSchema, {
    cleanups: pods.unfinished().map(({record, cause, nextRetryMs}) => ({
      network: messageOf(record),
      networks: record.attachments.map(({network}) => network),
      cause,
      pendingSinceMs: BigInt(record.pending?.since ?? 0),
      nextRetryMs: BigInt(Math.round(nextRetryMs)),
    })),
  });
};

export const forgetPodNetwork = async (
  {record: key}: ForgetPodNetworkRequest,
  {pods, note}: InspectContext,
): Promise<ForgetPodNetworkResponse> => {
  const {record, removed, mayLeak} = await pods.forget(key);
  note(fieldsOfNetwork(record));
  return create(ForgetPodNetworkResponseSchema, {removed: [...removed], mayLeak: [...mayLeak]});
};
