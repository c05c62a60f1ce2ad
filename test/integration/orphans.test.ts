import {mkdir, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {callRuntime} from '../../runtime/src/client/ask.ts';
import {Inspector} from '../../runtime/src/gen/inspector_pb.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {bringUp, newPod} from '../rig/node/pod.ts';
import {portmap, tcpPort} from '../rig/node/portmap.ts';
import {paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

describe('a list of orphans', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(() => node[Symbol.asyncDispose]());

  it('names what reconcile then removes, and removes nothing', async () => {
    await using runtime = await startRuntime(node);
    const socket = node.path(paths.socket);
    const list = () => callRuntime(socket, (ask) => ask(Inspector.method.listOrphans, {}));
    await until('the reconcile after the start is over', () =>
      runtime.log.some(({msg}) => msg === 'reconciled records and node'),
    );
    await bringUp(runtime.kni, newPod('live'), {portMappings: [tcpPort(8080)]});
    const none = {netns: [], addresses: [], links: [], chains: [], problems: []};
    expect(await list()).toMatchObject(none);

    const orphaned = `${paths.netns}/kni-lost`;
    await node.run(['ip', 'netns', 'add', 'kni-lost']);
    await node.run([
      'ip',
      'link',
      'add',
      'veth0badcafe',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      'kni-lost',
    ]);
    await node.run(['ip', 'link', 'set', 'veth0badcafe', 'master', 'kni0', 'up']);
    await mkdir(node.path(paths.leases), {recursive: true});
    await writeFile(node.path(`${paths.leases}/10.77.1.200`), 'lost\neth0');
    await portmap(node, 'kni', 'lost', {hostPort: 8081, netns: orphaned});

    const found = {netns: [orphaned], addresses: ['10.77.1.200'], links: ['veth0badcafe'], problems: []};
    const first = await list();
    expect(first).toMatchObject(found);
    expect(first.chains).toContainEqual(expect.stringMatching(/^CNI-DN-/));
    expect(await list()).toEqual(first);
    expect(await callRuntime(socket, (ask) => ask(Inspector.method.reconcile, {}))).toMatchObject({
      removedNetns: [orphaned],
      releasedAddresses: ['10.77.1.200'],
      removedChains: first.chains,
      problems: [],
    });
    expect(await list()).toMatchObject(none);
  });
});
