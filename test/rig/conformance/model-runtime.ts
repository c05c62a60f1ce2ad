/**
 * A small KNI network runtime that meets every requirement. KNI_FAULT names a requirement, which it then violates: the faults of
 * faults.ts prove that each check can fail.
 */
import {chmodSync, existsSync, mkdirSync, rmSync} from 'node:fs';
import {connect} from 'node:net';
import {dirname} from 'node:path';
import {create, type DescMessage, fromBinary, type Message, toBinary} from '@bufbuild/protobuf';
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {KNI} from '../../../runtime/src/gen/kni_pb.ts';
import type {Fault} from './fault.ts';
import {faults} from './faults.ts';
import {handlers, Refusal} from './model-handlers.ts';
import {recover, setUpNode} from './model-pods.ts';

const fault: Fault = faults[process.env['KNI_FAULT'] ?? ''] ?? {};
const socket = process.env['KNI_SOCKET'] ?? '/run/kni/kni.sock';
/** Behind a broken front, the server listens elsewhere. */
const listening = fault.front === undefined ? socket : `${socket}.behind`;

const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const peer = connect(path, () => resolve(true));
    peer.on('error', () => resolve(false));
  });

const served = [...KNI.methods, ...(fault.methods ?? [])].filter(({name}) => !fault.lacks?.includes(name));

const decode = (input: DescMessage, bytes: Uint8Array): Message => {
  fault.beforeDecoding?.(bytes);
  try {
    return fromBinary(input, bytes);
  } catch (error) {
    if (fault.onUndecodable) return create(input, {...fault.onUndecodable()});
    throw error;
  }
};

const definition = (): ServiceDefinition =>
  Object.fromEntries(
    served.map(({name, input, output}) => [
      name,
      {
        path: `/kni.KNI/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (message: Message) => Buffer.from(toBinary(input, message)),
        requestDeserialize: (bytes: Uint8Array) => decode(input, bytes),
        responseSerialize: (message: Message) => Buffer.from(toBinary(output, message)),
        responseDeserialize: (bytes: Uint8Array) => fromBinary(output, bytes),
      },
    ]),
  );

/** The right handlers, with the fault around them. Their types are those of the method of the same name. */
type AnyHandler = (request: Message) => Promise<object>;
type AnyAround = (request: Message, next: AnyHandler) => Promise<object>;
const right = handlers as unknown as Readonly<Record<string, AnyHandler>>;
const wrong = (fault.calls ?? {}) as unknown as Readonly<Record<string, AnyAround>>;

const answer = async (name: string, request: Message, host: string): Promise<object> => {
  fault.checkHost?.(host);
  const key = `${name[0]?.toLowerCase()}${name.slice(1)}`;
  const next: AnyHandler = async (given) => right[key]?.(given) ?? {};
  return wrong[key] ? wrong[key](request, next) : next(request);
};

const implementation = (): UntypedServiceImplementation =>
  Object.fromEntries(
    served.map(({name, output}) => {
      const handle: handleUnaryCall<Message, Message> = (call, reply) => {
        answer(name, call.request, call.getHost()).then(
          (response) => reply(null, create(output, {...response})),
          (error: unknown) =>
            reply({
              code: error instanceof Refusal ? error.grpc : status.INTERNAL,
              details: error instanceof Refusal ? error.message : String(error),
            }),
        );
      };
      return [name, handle];
    }),
  );

if (!fault.isThief && existsSync(socket) && (await isServed(socket))) process.exit(1);
await fault.beforeStart?.();
if (!fault.keepsSocket) rmSync(socket, {force: true});
if (listening !== socket) rmSync(listening, {force: true});
mkdirSync(dirname(socket), {recursive: true, mode: 0o700});
if (!fault.skipsRecovery) recover();
await setUpNode();
const server = new Server({'grpc.max_receive_message_length': -1});
server.addService(definition(), implementation());
await new Promise<void>((resolve, reject) =>
  server.bindAsync(`unix:${listening}`, ServerCredentials.createInsecure(), (error) =>
    error ? reject(error) : resolve(),
  ),
);
chmodSync(listening, 0o600);
fault.front?.(socket, listening);
await fault.afterStart?.(socket);
process.on('SIGTERM', () => {
  const end = (): never => process.exit(fault.exitCode ?? 0);
  server.tryShutdown(end);
  setTimeout(end, 5_000).unref();
});
