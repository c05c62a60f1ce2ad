import {once} from 'node:events';
import {lstat, mkdir, stat, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, describe, expect, inject, it} from 'vitest';
import {type Chain, installChain} from '../rig/node/chain.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, bringUp, createNetwork, identify, newPod, takeDown} from '../rig/node/pod.ts';
import {launchRuntime, paths, rememberNodes, startRuntime} from '../rig/node/runtime.ts';
import {until} from '../rig/wait.ts';

describe('starting and stopping', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode();
    await rememberNodes(node);
  });
  afterEach(async () => {
    await node[Symbol.asyncDispose]();
  });

  /** Returns the exit code and the last words of one that must not come up. */
  const refused = async (flags: readonly string[] = []) => {
    const {child, log} = launchRuntime(node, flags);
    const [exitCode] = (await once(child, 'close')) as [number];
    return {exitCode, error: log.at(-1)?.['error']};
  };

  it('creates a socket that only root can use', async () => {
    await using _ = await startRuntime(node);
    expect((await stat(node.path('/run/kni'))).mode & 0o777).toBe(0o700);
    expect((await stat(node.path(paths.socket))).mode & 0o777).toBe(0o600);
  });

  it('refuses a second one, which does not harm the first', async () => {
    await using first = await startRuntime(node);
    const pod = newPod('unharmed');
    const {netns, ip} = await bringUp(first.kni, pod);
    const another = `another network runtime, process ${first.process.pid}, is using`;
    expect(await refused()).toEqual({exitCode: 1, error: `${another} ${paths.state}`});
    expect(await refused(['--socket=/run/kni/other.sock'])).toMatchObject({exitCode: 1});
    await mkdir(node.path('/run/other'));
    const [state, socket] = ['--state-dir=/run/other', '--socket=/run/kni/other.sock'];
    expect(await refused([state])).toMatchObject({error: `${another} ${paths.socket}`});
    const others = [state, socket, '--cni-conf-dir=/run/other.d'];
    expect(await refused(others)).toMatchObject({error: `${another} ${paths.netns}`});
    expect(await refused([state, socket, '--netns-dir=/run/other.netns'])).toMatchObject({
      error: `${another} ${paths.conf}`,
    });
    await using apart = await startRuntime(node, [
      ...others,
      '--netns-dir=/run/other.netns',
      '--metrics-address=',
    ]);
    expect(apart.log.map(({msg}) => msg)).toContain('serving KNI');
    const {ipconfigs} = await first.kni.queryPodNetwork(identify(pod));
    expect(ipconfigs['eth0']?.ip).toEqual([ip]);
    await takeDown(first.kni, pod, netns);
  });

  it.each([
    '--state-dir=/proc/nope/state',
    '--socket=/proc/nope/kni.sock',
    '--cni-conf-dir=/proc/nope/net.d',
  ])('exits if a directory cannot be made: %s', async (flag) => {
    expect(await refused([flag])).toMatchObject({exitCode: 1, error: expect.stringContaining('ENOENT')});
  });

  it('replaces the socket of a killed network runtime', async () => {
    const first = await startRuntime(node);
    await first.stop('SIGKILL');
    expect((await lstat(node.path(paths.socket))).isSocket()).toBe(true);
    await using second = await startRuntime(node);
    await second.kni.queryNodeNetworks({});
  });

  it('refuses a path that is not a socket, and a directory that others may write', async () => {
    await mkdir(node.path('/run/kni'), {mode: 0o700});
    await writeFile(node.path(paths.socket), 'precious');
    expect(await refused()).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('is not a socket') as string,
    });
    await mkdir(node.path('/run/open'), {mode: 0o755});
    const {error} = await refused(['--socket=/run/open/kni.sock']);
    expect(error).toContain('with mode 0700');
    expect((await stat(node.path('/run/open'))).mode & 0o777).toBe(0o755);
  });

  it('keeps a socket on which another server answers', async () => {
    await mkdir(node.path('/run/kni'), {mode: 0o700});
    const code = `require('node:net').createServer().listen('${paths.socket}', () => console.log('listening'))`;
    const other = node.start([process.execPath, '-e', code]);
    if (other.stdout) await once(other.stdout, 'data');
    expect(await refused()).toMatchObject({
      exitCode: 1,
      error: `another server is already listening on ${paths.socket}`,
    });
    expect((await lstat(node.path(paths.socket))).isSocket()).toBe(true);
  });

  describe('with a plugin in progress', () => {
    let chain: Chain;
    beforeEach(async () => {
      chain = await installChain(node);
    });
    afterEach(async () => {
      await chain[Symbol.asyncDispose]();
    });
    const adding = () =>
      until('the plugin runs', async () => (await chain.calls()).some(({call}) => call === 'fault ADD'));
    const flags = () => chain.flags(inject('tools').pluginDir);

    it('shuts down gracefully: calls in progress are finished and answered', async () => {
      const runtime = await startRuntime(node, flags());
      const pod = newPod('finishing');
      const netns = await createNetwork(runtime.kni, pod);
      await chain.plan({'fault ADD': 'hold'});
      const attached = attach(runtime.kni, pod, netns);
      await adding();
      const exited = once(runtime.process, 'exit');
      runtime.process.kill('SIGTERM');
      await until('it stops', () => runtime.log.some(({msg}) => msg === 'stopping'));
      await chain.release();
      expect((await attached)['eth0']?.ip).toHaveLength(1);
      expect(await exited).toEqual([0, null]);
      await using next = await startRuntime(node, flags());
      await next.kni.queryPodNetwork(identify(pod));
    });

    it('ends even if a plugin hangs, and the next runtime rolls its call back', async () => {
      const runtime = await startRuntime(node, [...flags(), '--stop-timeout=0.2']);
      const pod = newPod('cut-off');
      const netns = await createNetwork(runtime.kni, pod);
      await chain.plan({'fault ADD': 'fork-hang'});
      const lost = attach(runtime.kni, pod, netns).catch(() => 'lost');
      await adding();
      const exited = once(runtime.process, 'exit');
      runtime.process.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      expect(await lost).toBe('lost');
      await chain.plan({});
      await using next = await startRuntime(node, flags());
      await attach(next.kni, pod, netns);
    });
  });
});
