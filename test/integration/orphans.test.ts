import {readFile} from 'node:fs/promises';
import {isDeepStrictEqual} from 'node:util';
import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {type Chain, installChain} from '../rig/node/chain.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, newPod} from '../rig/node/pod.ts';
import {rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {isAlive} from '../rig/processes.ts';
import {until} from '../rig/wait.ts';

describe('a daemon that a plugin has started in its own session', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  const start = () => startRuntime(node, [...chain.flags(inject('tools').pluginDir), '--stop-timeout=0.5']);
  /** Whether each of the processes that a plugin has left runs. */
  const alive = async () => ({
    daemons: (await chain.daemons()).map(isAlive),
    plugins: [...(await hanging()), ...(await chain.grandchildren())].map(isAlive),
  });
  const hanging = async () =>
    (await chain.calls())
      .filter(({call}) => call === 'fault ADD')
      .map(({pid}) => pid)
      .slice(1);

  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
    chain = await installChain(node);
    runtime = await start();
    await chain.plan({'fault ADD': 'daemon'});
    await bringUp(runtime.kni, newPod('with-daemon'));
    await chain.plan({'fault ADD': 'fork-hang'});
    const pod = newPod('hanging');
    const netns = await createNetwork(runtime.kni, pod);
    attach(runtime.kni, pod, netns).catch(() => undefined); // its runtime is about to end
    await until('the plugin has forked', async () => (await chain.grandchildren()).length > 0);
    await until('all run', async () =>
      isDeepStrictEqual(await alive(), {daemons: [true], plugins: [true, true]}),
    );
    await chain.plan({});
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  });

  it('continues when its runtime is killed and started again, while hanging plugins are ended', async () => {
    await runtime.stop('SIGKILL');
    expect(await alive()).toEqual({daemons: [true], plugins: [true, true]});
    runtime = await start();
    expect(await alive()).toEqual({daemons: [true], plugins: [false, false]});
  });

  it('continues when its runtime is stopped, which ends hanging plugins itself', async () => {
    await runtime.stop('SIGTERM');
    expect(await alive()).toEqual({daemons: [true], plugins: [false, false]});
    runtime = await start();
    expect(await alive()).toEqual({daemons: [true], plugins: [false, false]});
    // So systemd need not kill what is left in the unit, the daemon included.
    const unit = await readFile(new URL('../../manifests/node/kni.service', import.meta.url), 'utf8');
    expect(unit).toMatch(/^KillMode=process$/m);
  });
});
