import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createRecordIndex} from '../../runtime/src/network/record-index.ts';
import {readRecords} from '../../runtime/src/network/record-store.ts';
import {removeTracesOf, type TraceParts} from '../../runtime/src/network/traces.ts';
import {createNodeLinks} from '../../runtime/src/node/links.ts';
import {createPortmapChains} from '../../runtime/src/node/portmap-chains.ts';
import {createExec, type Exec} from '../../runtime/src/process/exec.ts';
import {leftovers} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod} from '../rig/node/pod.ts';
import {tcpPort} from '../rig/node/portmap.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {silent} from '../rig/runtime/pods.ts';

describe('the traces of one sandbox', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  /** Runs programs on the test node. */
  const onNode =
    (exec: Exec): Exec =>
    (command) =>
      exec({
        ...command,
        file: 'nsenter',
        args: ['--target', String(node.pid), '--mount', '--net', '--', command.file, ...(command.args ?? [])],
      });

  it('are its address, veth and host ports; those of other sandboxes stay', async () => {
    const runtime = await startRuntime(node);
    const [lost, live] = [newPod('lost'), newPod('live')];
    const lostUp = await bringUp(runtime.kni, lost, {portMappings: [tcpPort(8080)]});
    const liveUp = await bringUp(runtime.kni, live, {portMappings: [tcpPort(8081)]});
    await runtime.stop('SIGKILL');
    const before = await leftovers(node);
    expect(before).toMatchObject({leases: {length: 2}, veths: {length: 2}});

    const records = createRecordIndex(await readRecords(node.path(paths.records)));
    const exec = onNode(createExec());
    const parts: TraceParts = {
      links: createNodeLinks(exec, paths.netns),
      portmapChains: createPortmapChains(exec),
      ipamDir: node.path(`${paths.state}/ipam`),
      records,
      log: silent,
    };
    const attachments = records.bySandbox(lost.sandbox)?.attachments ?? [];
    const removed = await removeTracesOf(lost.sandbox, attachments, parts);
    expect(removed).toMatchObject({
      addresses: [lostUp.ip],
      links: {length: 1},
      chains: {length: 1},
      problems: [],
    });
    const after = await leftovers(node);
    expect(after).toMatchObject({leases: [liveUp.ip], veths: {length: 1}});
    expect(after.hostPorts.filter((rule) => rule.includes(lost.sandbox))).toEqual([]);
    expect(after.hostPorts.filter((rule) => rule.includes(live.sandbox))).toHaveLength(1);
    expect(after.hostPorts.length).toBeLessThan(before.hostPorts.length);

    const again = await removeTracesOf(lost.sandbox, attachments, parts);
    expect(again).toEqual({addresses: [], links: [], chains: [], problems: []});
  });

  it('of an unknown sandbox are empty', async () => {
    const exec = onNode(createExec());
    const parts: TraceParts = {
      links: createNodeLinks(exec, paths.netns),
      portmapChains: createPortmapChains(exec),
      ipamDir: node.path(`${paths.state}/ipam`),
      records: createRecordIndex(),
      log: silent,
    };
    expect(await removeTracesOf('', [], parts)).toEqual({addresses: [], links: [], chains: [], problems: []});
  });
});
