/** Encodes the answer about an attached pod network once: its record never changes, because a change makes a new record. */
import {create, toBinary} from '@bufbuild/protobuf';
import {QueryPodNetworkResponseSchema} from '../gen/kni_pb.ts';
import type {PodNetworkRecord} from '../network/record.ts';
import {answerOf, describeIpConfigs} from './ip-configs.ts';

export interface EncodedAnswer {
  /** A QueryPodNetworkResponse, and an AttachInterfaceResponse: they have the same fields. */
  readonly bytes: Uint8Array;
  /** The ipconfigs as text, for the log. */
  readonly described: string;
}

const encoded = new WeakMap<PodNetworkRecord, EncodedAnswer>();

/** Throws if a result in the record cannot be read. */
export const encodedAnswerOf = (record: PodNetworkRecord): EncodedAnswer => {
  const known = encoded.get(record);
  if (known) return known;
  const answer = answerOf(record);
  const made = {
    bytes: toBinary(QueryPodNetworkResponseSchema, create(QueryPodNetworkResponseSchema, answer)),
    described: describeIpConfigs(answer.ipconfigs),
  };
  encoded.set(record, made);
  return made;
};
