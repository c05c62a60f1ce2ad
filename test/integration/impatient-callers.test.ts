import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {create} from '@bufbuild/protobuf';
import {Client, credentials, Metadata} from '@grpc/grpc-js';
import {beforeAll, describe, expect, it} from 'vitest';
import {AttachInterfaceRequestSchema, KNI} from '../../runtime/src/gen/kni_pb.ts';
import {serviceDefinitionOf} from '../../runtime/src/server/service-definition.ts';
import {type Chain} from '../rig/node/chain.ts';
import {startNodeWithChain} from '../rig/node/fixture.ts';
import {type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, type TestRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const missing = (): never => {
  throw new Error('no AttachInterface');
};

describe('a caller that does not wait', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithChain();
    ({node, chain, runtime} = started);
    return started.stop;
  });

  it.each([
    ['cancels', 1],
    ['disconnects', undefined],
    ['has a deadline shorter than the plugin', 4],
  ])('and %s gets the outcome when it asks again', async (how, grpcCode) => {
    const pod = newPod('impatient');
    const netns = await createNetwork(runtime.kni, pod);
    await rm(join(chain.dir, 'released'), {force: true});
    await chain.plan({'fault ADD': 'hold'});
    const client = new Client(`unix:${node.path(paths.socket)}`, credentials.createInsecure());
    const {path, requestSerialize, responseDeserialize} =
      serviceDefinitionOf(KNI)['AttachInterface'] ?? missing();
    const request = create(AttachInterfaceRequestSchema, {
      ...identify(pod),
      isolation: {path: netns, type: 'netns'},
    });
    let call: {cancel: () => void} | undefined;
    const failed = new Promise((resolve) => {
      const options = how.startsWith('has') ? {deadline: Date.now() + 2000} : {};
      const metadata = new Metadata();
      call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        options,
        resolve,
      );
    });
    const held = async () => (await chain.calls()).some(({env}) => env['CNI_CONTAINERID'] === pod.sandbox);
    await until('the plugin runs', held);
    if (how === 'cancels') call?.cancel();
    if (how === 'disconnects') client.close();
    // Who has closed its client is told nothing.
    const told = grpcCode === undefined ? {} : await failed;
    expect(told).toEqual(expect.objectContaining(grpcCode === undefined ? {} : {code: grpcCode}));
    const again = attach(runtime.kni, pod, netns);
    await chain.release();
    expect((await again)['eth0']?.ip).toHaveLength(1);
    const calls = (await chain.calls()).filter(({env}) => env['CNI_CONTAINERID'] === pod.sandbox);
    expect(calls.map(({call: made}) => made)).toEqual(['fault ADD']);
    client.close();
    await takeDown(runtime.kni, pod, netns);
  });
});
