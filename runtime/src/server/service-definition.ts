/** Converts a protobuf-es service to a grpc-js service definition. A response may also be its encoding. */

import {type DescMethod, type DescService, fromBinary, type Message, toBinary} from '@bufbuild/protobuf';
import type {MethodDefinition, ServiceDefinition} from '@grpc/grpc-js';

export const serviceDefinitionOf = (service: DescService): ServiceDefinition =>
  Object.fromEntries(service.methods.map((method) => [method.name, methodDefinitionOf(method)]));

const methodDefinitionOf = ({
  name,
  parent,
  input,
  output,
  methodKind,
}: DescMethod): MethodDefinition<Message, Message | Uint8Array> => ({
  path: `/${parent.typeName}/${name}`,
  requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
  responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
  requestSerialize: (request) => bufferOf(toBinary(input, request)),
  requestDeserialize: (bytes) => fromBinary(input, bytes),
  responseSerialize: (response) =>
    bufferOf(response instanceof Uint8Array ? response : toBinary(output, response)),
  responseDeserialize: (bytes) => fromBinary(output, bytes),
});

/** Shares the memory: `Buffer.from(bytes)` would copy it. */
const bufferOf = ({buffer, byteOffset, byteLength}: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
