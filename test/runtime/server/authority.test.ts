import {connect} from 'node:http2';
import {connect as connectSocket} from 'node:net';
import {create, toBinary} from '@bufbuild/protobuf';
import {Server, ServerCredentials} from '@grpc/grpc-js';
import {describe, expect, it} from 'vitest';
import {
  KNI,
  QueryNodeNetworksRequestSchema,
  QueryNodeNetworksResponseSchema,
} from '../../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../../runtime/src/server/service-definition.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const callWith = (path: string, authority: string) =>
  new Promise<string>((resolve, reject) => {
    const session = connect('http://localhost', {createConnection: () => connectSocket(path)});
    session.on('error', reject);
    const headers = {
      ':method': 'POST',
      ':path': '/kni.KNI/QueryNodeNetworks',
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const stream = session.request(headers);
    stream.on('error', reject);
    let status = '';
    stream.on('response', (response) => (status ||= String(response['grpc-status'] ?? '')));
    stream.on('trailers', (trailers) => (status ||= String(trailers['grpc-status'])));
    stream.on('close', () => {
      session.close();
      resolve(status);
    });
    stream.resume();
    const message = Buffer.from(
      toBinary(QueryNodeNetworksRequestSchema, create(QueryNodeNetworksRequestSchema)),
    );
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
  });

describe('the authority that clients of other languages send', () => {
  it.each(['localhost', '%2Frun%2Fkni%2Fkni.sock', 'kni.sock', 'unix'])('%s is served', async (authority) => {
    await using dir = await tempDir();
    const server = new Server();
    server.addService(serviceDefinitionOf(KNI), {
      QueryNodeNetworks: (_: unknown, reply: (error: null, response: unknown) => void) =>
        reply(null, create(QueryNodeNetworksResponseSchema)),
    });
    await new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync(`unix:${dir.join('kni.sock')}`, credentials, (error) =>
        error ? reject(error) : resolve(),
      );
    });
    expect(await callWith(dir.join('kni.sock'), authority)).toBe('0');
    server.forceShutdown();
  });
});
