import {access, readFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startNode, type TestNode} from './rig/node.ts';
import {paths, podCidr, rememberNodes, startRuntime, type TestRuntime} from './rig/runtime.ts';

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
    // The API server cannot be reached; what is remembered of the nodes is enough.
    await runtime.kni.setupNodeNetwork({});
    expect(await readiness(runtime)).toBe(true);
    expect(await readFile(node.path(conflist), 'utf8')).toContain(podCidr);
    expect(await node.run(['iptables', '-t', 'nat', '-S', 'POSTROUTING'])).toContain('KNI-MASQ');
  });
});
