import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {nodeName, paths, podCidr, rememberNodes, startRuntime} from '../rig/node/runtime.ts';

interface Inspected {
  readonly problems: readonly string[];
  readonly knownBugs: readonly {readonly problem: string; readonly reference: string}[];
}

describe.each([
  ['IPv4', {podCidr}],
  ['IPv4 and IPv6', {podCidrs: [podCidr, 'fd77:1::/64']}],
])('CNI CHECK of a pod with a hostPort and %s', (_, cidrs) => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node, [{name: nodeName, internalIp: '', ...cidrs}]);
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
  });

  it('distinguishes the known bug of portmap 1.1.1 from a missing rule', async () => {
    await using runtime = await startRuntime(node);
    const pod = newPod('mapped');
    const {netns} = await bringUp(runtime.kni, pod, {portMappings: [{hostPort: 18_085, containerPort: 80}]});
    const check = async () => {
      const client = [process.execPath, inject('runtimeFile'), 'inspect', 'default/mapped', '--check'];
      return JSON.parse(await node.run([...client, `--socket=${paths.socket}`])) as Inspected;
    };
    const sound = await check();
    expect(sound.problems).toEqual([]);
    // Later versions of the plugin do not have the bug.
    for (const bug of sound.knownBugs) {
      expect(bug.problem).toContain('CNI plugin portmap failed to CHECK: could not check ipv6 dnat');
      expect(bug.reference).toBe('https://github.com/containernetworking/plugins/issues/819');
    }

    const rules = await node.run(['iptables', '-t', 'nat', '-S']);
    const chain = /^-N (CNI-DN-\S+)$/m.exec(rules)?.[1] ?? '';
    await node.run(['iptables', '-t', 'nat', '-F', chain]);
    const broken = await check();
    expect(broken.problems).toEqual([
      expect.stringContaining('portmap failed to CHECK: could not check ipv4 dnat'),
    ]);
    expect(broken.knownBugs).toEqual([]);
    await takeDown(runtime.kni, pod, netns);
  });
});
