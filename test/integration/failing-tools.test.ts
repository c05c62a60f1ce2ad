import {access, readFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startNodeApi} from '../rig/node/api.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod, takeDown} from '../rig/node/pod.ts';
import {
  nodeName,
  paths,
  podCidr,
  rememberNodes,
  startRuntime,
  type TestRuntime,
} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

const conflist = `${paths.conf}/10-kni.conflist`;
const broken = '/run/broken';

describe('a node whose iptables fails', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
    await node.run(['sh', '-c', `printf '#!/bin/sh\nexit 4\n' > ${broken} && chmod +x ${broken}`]);
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
  });

  /** Only in the mount namespace of the test node. */
  const tool = '$(readlink -f "$(command -v iptables-restore)")';
  const breakIptables = () => node.run(['sh', '-c', `mount --bind ${broken} "${tool}"`]);
  const mendIptables = () => node.run(['sh', '-c', `umount "${tool}"`]);
  const readiness = async ({kni}: TestRuntime) => {
    const [network] = (await kni.queryNodeNetworks({})).networks;
    return network?.ready ?? false;
  };

  it('attaches no pod before its rules are there', async () => {
    await breakIptables();
    await using runtime = await startRuntime(node);
    expect(await readiness(runtime)).toBe(false);
    await expect(access(node.path(conflist))).rejects.toMatchObject({code: 'ENOENT'});
    await mendIptables();
    // The API server cannot be reached; the cached nodes are enough.
    await runtime.kni.setupNodeNetwork({});
    expect(await readiness(runtime)).toBe(true);
    expect(await readFile(node.path(conflist), 'utf8')).toContain(podCidr);
    expect(await node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain('KNI-MASQ');
  });

  it('stays ready if it was prepared before, and is repaired later', async () => {
    await using runtime = await startRuntime(node);
    expect(await readiness(runtime)).toBe(true);
    await node.run(['iptables', '-t', 'nat', '-F']);
    await breakIptables();
    await runtime.kni.setupNodeNetwork({});
    expect(await readiness(runtime)).toBe(true);
    await until('it is said', () =>
      runtime.log.some(({msg}) => msg.startsWith('cannot repair the network settings')),
    );
    const pod = newPod('meanwhile');
    await mendIptables();
    await runtime.kni.setupNodeNetwork({});
    expect(await node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain('KNI-MASQ');
    const {netns} = await bringUp(runtime.kni, pod);
    await takeDown(runtime.kni, pod, netns);
  });

  it('gets flushed rules back at the repair interval', async () => {
    await using _ = await startRuntime(node, ['--repair-interval=1']);
    await node.run(['iptables', '-t', 'nat', '-F']);
    const rules = () => node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING']);
    await expect.poll(rules, {timeout: 60_000}).toContain('KNI-MASQ');
  });

  it('stays ready when another node joins, and prepares for it later', async () => {
    await using api = await startNodeApi(node);
    await api.server.listen(api.socket);
    await api.writeCredentials();
    const own = {name: nodeName, podCIDR: podCidr};
    api.server.setNodes([own]);
    await using runtime = await startRuntime(node);
    await until('the nodes are read', () =>
      api.server.requests.some((request) => request.includes('/nodes')),
    );
    await breakIptables();
    api.server.setNodes([own, {name: 'node-b', podCIDR: '10.77.2.0/24'}]);
    await until('it is said', () =>
      runtime.log.some(({msg}) => msg.startsWith('cannot repair the network settings')),
    );
    expect(await readiness(runtime)).toBe(true);
    await mendIptables();
    const remembered = () => readFile(node.path(`${paths.state}/nodes.json`), 'utf8');
    await until('it is prepared for both', async () => (await remembered()).includes('node-b'));
    expect(await readiness(runtime)).toBe(true);
  });

  it('is not ready after a restart, since nothing is prepared yet', async () => {
    const runtime = await startRuntime(node);
    await runtime.stop('SIGTERM');
    await breakIptables();
    await using next = await startRuntime(node);
    expect(await readiness(next)).toBe(false);
    await mendIptables();
    await next.kni.setupNodeNetwork({});
    expect(await readiness(next)).toBe(true);
  });
});
