import {create, toBinary} from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import {beforeAll, describe, expect, it} from 'vitest';
import {KNI} from '../../runtime/src/gen/kni_pb.ts';
import {startNodeWithRuntime} from '../rig/node/fixture.ts';
import {footprintOf} from '../rig/node/footprint.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {callRaw, openSession, sendRaw} from '../rig/node/raw.ts';
import {paths, type TestRuntime} from '../rig/node/runtime.ts';
import {scaled} from '../rig/node/scale.ts';

/** What may be answered to anything: OK, or that something is wrong with the request; never UNKNOWN. */
const proper = [0, 3, 5, 6, 9, 13];

/** All fields of the requests by their names in TypeScript; a message takes those that it has. */
const sample = {
  name: 'pod',
  namespace: 'default',
  uid: 'fuzzed',
  id: 'box',
  netnsPath: '/run/netns/kni-fuzzed-1',
  isolation: {path: '/run/netns/kni-fuzzed-1', type: 'netns'},
  portMappings: [{containerPort: 80, hostPort: 18084}],
  annotations: {'k8s.v1.cni.cncf.io/networks': 'storage'},
  extradata: {uid: 'fuzzed', attempt: '0'},
};

const methods = Object.values(KNI.method);
const valid = fc.constantFrom(...methods).map(({name, input}) => {
  const fields = Object.entries(sample).filter(([key]) =>
    input.fields.some(({localName}) => localName === key),
  );
  return {
    path: `/kni.KNI/${name}`,
    message: Buffer.from(toBinary(input, create(input, Object.fromEntries(fields)))),
  };
});
const anywhere = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true});
const mutation = fc.record({
  how: fc.constantFrom('change', 'cut', 'insert', 'double'),
  at: anywhere,
  byte: fc.nat(255),
});
const mutated = fc
  .tuple(valid, fc.array(mutation, {minLength: 1, maxLength: 6}))
  .map(([{path, message}, all]) => ({
    path,
    message: all.reduce((bytes, {how, at, byte}) => {
      const index = Math.floor(at * bytes.length);
      const [head, tail] = [bytes.subarray(0, index), bytes.subarray(index)];
      if (how === 'cut') return Buffer.from(head);
      if (how === 'double') return Buffer.concat([head, tail, tail]);
      if (how === 'insert') return Buffer.concat([head, Buffer.from([byte]), tail]);
      return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)]);
    }, message),
  }));
const bytes = (maxLength: number) => fc.uint8Array({maxLength}).map((array) => Buffer.from(array));
const random = fc.tuple(valid, bytes(200)).map(([{path}, message]) => ({path, message}));

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A frame whose type, flags, stream and content, and even length, are anything (RFC 9113, section 4.1). */
const frame = fc
  .tuple(fc.nat(12), fc.nat(255), fc.nat(9), bytes(60), fc.option(fc.nat(0xffffff), {freq: 5}))
  .map(([type, flags, stream, content, wrongLength]) => {
    const header = Buffer.alloc(9);
    header.writeUIntBE(wrongLength ?? content.length, 0, 3);
    header.writeUInt8(type, 3);
    header.writeUInt8(flags, 4);
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, content]);
  });
const connection = fc.oneof(
  bytes(300),
  fc
    .array(frame, {minLength: 1, maxLength: 8})
    .map((frames) => Buffer.concat([preface, settings, ...frames])),
);

describe('requests of any bytes', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  beforeAll(async () => {
    const started = await startNodeWithRuntime();
    ({node, runtime} = started);
    return started.stop;
  });

  const tidy = async () => {
    for (const name of (await leftovers(node)).netns)
      await runtime.kni.deleteNetwork({netnsPath: `${paths.netns}/${name}`});
  };
  const isUnharmed = async (before: {megabytes: number; descriptors: number}) => {
    const pod = newPod('unharmed');
    await takeDown(runtime.kni, pod, (await bringUp(runtime.kni, pod)).netns);
    expect(runtime.process.exitCode).toBeNull();
    const after = await footprintOf(runtime.process.pid);
    expect(after.megabytes).toBeLessThan(before.megabytes + 60);
    return after;
  };

  it('are answered properly, and harm no other pod', async () => {
    const socket = node.path(paths.socket);
    const session = openSession(socket);
    const before = await footprintOf(runtime.process.pid);
    const call = async ({path, message}: {path: string; message: Buffer}) => {
      expect(proper).toContain(await callRaw(session, path, message));
    };
    const numRuns = scaled({usual: 400, soak: 45_000});
    await fc.assert(fc.asyncProperty(random, call), {numRuns});
    const batches = fc.asyncProperty(fc.array(mutated, {minLength: 20, maxLength: 20}), async (messages) => {
      await Promise.all(messages.map(call));
      await tidy();
    });
    await fc.assert(batches, {numRuns: numRuns / 20, endOnFailure: true});
    session.destroy();
    await isUnharmed(before);
    expect(await leftovers(node)).toEqual(nothing);
  });

  it('of broken HTTP/2 end the connection, and no other', async () => {
    const socket = node.path(paths.socket);
    const before = await footprintOf(runtime.process.pid);
    const batches = fc.asyncProperty(fc.array(connection, {minLength: 20, maxLength: 20}), async (all) => {
      await Promise.all(all.map((each) => sendRaw(socket, each)));
      await runtime.kni.queryNodeNetworks({});
    });
    await fc.assert(batches, {numRuns: scaled({usual: 15, soak: 500}), endOnFailure: true});
    await isUnharmed(before);
    const open = async () => (await footprintOf(runtime.process.pid)).descriptors;
    await expect.poll(open, {timeout: 60_000}).toBeLessThanOrEqual(before.descriptors + 2);
  });
});
