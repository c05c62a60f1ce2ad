import {create, toBinary} from '@bufbuild/protobuf';
import {beforeAll, describe, expect, it} from 'vitest';
import {QueryNodeNetworksRequestSchema} from '../../runtime/src/gen/kni_pb.ts';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {type TestNode} from '../rig/node/node.ts';
import {callRaw, openSession} from '../rig/node/raw.ts';
import {paths} from '../rig/node/runtime.ts';

describe('the `:authority` that clients of other languages send', () => {
  let node: TestNode;
  beforeAll(async () => {
    const started = await startNodeWithRuntime();
    ({node} = started);
    return started.stop;
  });

  const call = async (authority: string) => {
    const session = openSession(node.path(paths.socket));
    const message = toBinary(QueryNodeNetworksRequestSchema, create(QueryNodeNetworksRequestSchema));
    try {
      return await callRaw(session, '/kni.KNI/QueryNodeNetworks', Buffer.from(message), {
        ':authority': authority,
      });
    } finally {
      session.close();
    }
  };

  it.each(['localhost', 'localhost:0', '%2Frun%2Fkni%2Fkni.sock', 'kni.sock', 'unix'])(
    '%s is served',
    async (authority) => {
      expect(await call(authority)).toBe(0);
    },
  );

  // grpc-go before 1.57 sends this, and nghttp2 refuses it. The patched kubelet sends `localhost`.
  it('cannot be a bare path', async () => {
    await expect(call('/run/kni/kni.sock')).rejects.toThrow('NGHTTP2_PROTOCOL_ERROR');
  });
});
