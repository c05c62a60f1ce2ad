/** Reads what an error of a call carries for programs. */
import {fromBinary} from '@bufbuild/protobuf';
import {anyUnpack} from '@bufbuild/protobuf/wkt';
import type {ServiceError} from '@grpc/grpc-js';
import {ErrorInfoSchema, StatusSchema} from '../../../runtime/src/gen/rpc-status_pb.ts';

export const errorInfoOf = (error: unknown) => {
  const [trailer] = (error as ServiceError).metadata.get('grpc-status-details-bin');
  if (!(trailer instanceof Buffer)) throw new Error('the error has no details');
  const {code, details} = fromBinary(StatusSchema, trailer);
  const [first] = details;
  const info = first && anyUnpack(first, ErrorInfoSchema);
  return {code, reason: info?.reason, domain: info?.domain, metadata: info?.metadata};
};
