import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {Protocol} from '../../runtime/src/gen/kni_pb.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {nodeName, podCidr, rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {listenOn, talkTo} from '../rig/node/talk.ts';
import {connectToWorld, world} from '../rig/node/world.ts';

describe('pods on the network', () => {
  let node: TestNode;
  let runtime: TestRuntime;
  const client = newPod('client');
  const server = newPod('server');
  let clientNet: Awaited<ReturnType<typeof bringUp>>;
  let serverNet: Awaited<ReturnType<typeof bringUp>>;

  beforeAll(async () => {
    node = await startNode();
    await connectToWorld(node);
    await rememberNodes(node, [{name: nodeName, podCidr, internalIp: world.nodeIp}]);
    runtime = await startRuntime(node);
    clientNet = await bringUp(runtime.kni, client);
    const portMappings = [{protocol: Protocol.TCP, containerPort: 8080, hostPort: 18080}];
    serverNet = await bringUp(runtime.kni, server, {portMappings});
    await listenOn(node, serverNet.netns, 8080);
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
  });

  it('have different addresses and reach each other by them', async () => {
    expect(clientNet.ip).not.toBe(serverNet.ip);
    expect(await talkTo(node, clientNet.netns, serverNet.ip, 8080)).toBe(clientNet.ip);
  });

  it('reach themselves on the loopback and by their own address', async () => {
    expect(await talkTo(node, serverNet.netns, '127.0.0.1', 8080)).toBe('127.0.0.1');
    expect(await talkTo(node, serverNet.netns, serverNet.ip, 8080)).toBe(serverNet.ip);
  });

  it('are reached from the node, and reach the world as the node', async () => {
    expect(await talkTo(node, undefined, serverNet.ip, 8080)).toBe('10.77.1.1');
    await listenOn(node, world.netns, 9090);
    expect(await talkTo(node, clientNet.netns, world.ip, 9090)).toBe(world.nodeIp);
  });

  it('are reached by their host port from the world, the node and another pod', async () => {
    expect(await talkTo(node, world.netns, world.nodeIp, 18080)).toBe(world.ip);
    expect(await talkTo(node, undefined, world.nodeIp, 18080)).toBe(world.nodeIp);
    expect(await talkTo(node, clientNet.netns, world.nodeIp, 18080)).toBeTruthy();
  });

  it('are reached through a service from a pod on the same bridge', async () => {
    // What kube-proxy does for a service: without help the answer takes the bridge and is not translated back. Where
    // the kernel can filter bridges it is told not to, or that would be the help.
    await node.run([
      'sh',
      '-c',
      'cd /proc/sys/net/bridge 2>/dev/null && echo 0 > bridge-nf-call-iptables || true',
    ]);
    const target = `${serverNet.ip}:8080`;
    await node.run([
      'iptables',
      '-t',
      'nat',
      '-A',
      'PREROUTING',
      '-d',
      '10.96.0.10',
      '-p',
      'tcp',
      '--dport',
      '80',
      '-j',
      'DNAT',
      '--to',
      target,
    ]);
    expect(await talkTo(node, clientNet.netns, '10.96.0.10', 80)).toBeTruthy();
  });

  it('leave nothing behind, their host ports included', async () => {
    expect((await leftovers(node)).hostPorts).not.toEqual([]);
    await takeDown(runtime.kni, client, clientNet.netns);
    await takeDown(runtime.kni, server, serverNet.netns);
    expect(await leftovers(node)).toEqual(nothing);
    await expect(talkTo(node, world.netns, world.nodeIp, 18080)).rejects.toThrow('ECONNREFUSED');
  });
});
