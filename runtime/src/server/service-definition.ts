/** Converts a protobuf-es service to a grpc-js service definition. */

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
}: DescMethod): MethodDefinition<Message, Message> => ({
  path: `/${parent.typeName}/${name}`,
  requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
  responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
  requestSerialize: (request) => Buffer.from(toBinary(input, request)),
  requestDeserialize: (bytes) => fromBinary(input, bytes),
  responseSerialize: (response) => Buffer.from(toBinary(output, response)),
  responseDeserialize: (bytes) => fromBinary(output, bytes),
});
