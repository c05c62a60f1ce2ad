import {rm, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {readRecords} from '../../runtime/src/network/record-store.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';

describe('the pods of a network runtime of version 1', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  it('are known to the next one, whatever state they were in, and can be deleted', async () => {
    const first = await startRuntime(node);
    const [attached, created] = [newPod('attached'), newPod('created')];
    const portMappings = [{containerPort: 80, hostPort: 18083}];
    const up = await bringUp(first.kni, attached, {portMappings});
    const createdNetns = await createNetwork(first.kni, created);
    await first.stop('SIGKILL');
    // One file for each record, the texts of its configurations in it.
    const records = await readRecords(node.path(paths.records));
    expect(records).toHaveLength(2);
    await rm(node.path(paths.records), {recursive: true});
    await node.run(['mkdir', '-m', '0700', paths.records]);
    for (const {request: _, ...record} of records)
      await writeFile(
        node.path(`${paths.records}/${record.key}.json`),
        JSON.stringify({version: 1, ...record}),
      );

    await using next = await startRuntime(node);
    const {ipconfigs} = await next.kni.queryPodNetwork(identify(attached));
    expect(ipconfigs['eth0']?.ip).toEqual([up.ip]);
    expect((await attach(next.kni, attached, up.netns, {portMappings}))['eth0']?.ip).toEqual([up.ip]);
    expect((await attach(next.kni, created, createdNetns))['eth0']?.ip).not.toEqual([up.ip]);
    await takeDown(next.kni, attached, up.netns);
    await takeDown(next.kni, created, createdNetns);
    expect(await leftovers(node)).toEqual(nothing);
  });
});
