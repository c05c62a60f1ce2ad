import {access, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, inject, it} from 'vitest';
import {type Chain, installChain} from '../rig/node/chain.ts';
import {leftovers, nothing} from '../rig/node/leftovers.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';
import {attach, createNetwork, newPod, takeDown} from '../rig/node/pod.ts';
import {rememberNodes, startRuntime, type TestRuntime} from '../rig/node/runtime.ts';
import {fetchPackage} from '../rig/node/tools.ts';
import {until} from '../rig/wait.ts';

/** libfaketime for this machine's architecture. */
const findLibrary = async (): Promise<string> => {
  for (const root of [async () => '/', () => fetchPackage('libfaketime')]) {
    const lib = join(await root(), 'usr/lib');
    for (const triplet of await readdir(lib)) {
      const path = join(lib, triplet, 'faketime/libfaketime.so.1');
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  throw new Error('libfaketime is not in its package');
};

describe('a clock that jumps', () => {
  let node: TestNode;
  let chain: Chain;
  let runtime: TestRuntime;
  const clock = '/run/clock';
  const jump = async (by: string) => writeFile(node.path(clock), `${by}\n`);
  const hour = 3_600_000;
  /** By how much the log is ahead of time, in hours. */
  const ahead = () => Math.round((Date.parse(String(runtime.log.at(-1)?.['time'])) - Date.now()) / hour);

  beforeAll(async () => {
    node = await startNode();
    await rememberNodes(node);
    chain = await installChain(node);
    await jump('+0');
    runtime = await startRuntime(node, [...chain.flags(inject('tools').pluginDir), '--plugin-timeout=5'], {
      env: {
        LD_PRELOAD: await findLibrary(),
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    });
  });
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  });

  it.each([
    ['forward', '+1h', 1],
    ['back', '-1h', -1],
  ])('%s removes no netns, and ends no plugin early', async (_, by, hours) => {
    const {kni} = runtime;
    await jump('+0');
    const [waiting, slow, swept, hung] = [
      newPod('waiting'),
      newPod('slow'),
      newPod('swept'),
      newPod('hung'),
    ] as const;
    const paths = [];
    for (const pod of [waiting, slow, swept, hung]) paths.push(await createNetwork(kni, pod));
    const [waitingNetns = '', slowNetns = '', sweptNetns = '', hungNetns = ''] = paths;
    const begun = (await chain.calls()).length;
    await chain.plan({'fault ADD': 'hold'});
    const attached = attach(kni, slow, slowNetns);
    await until('the plugin runs', async () => (await chain.calls()).length > begun);
    await jump(by);
    await chain.release();
    await attached;
    await until('the log has the new time', () => ahead() === hours);

    // Proof that sweeps run at the new time: one of them undoes this.
    await chain.plan({'fault ADD': 'error', 'fault DEL': '2*exit->ok'});
    await expect(attach(kni, swept, sweptNetns)).rejects.toMatchObject({code: 14});
    await until('a sweep has undone it', () =>
      runtime.log.some(
        ({msg, sandbox}) =>
          msg === 'cleaned up after an interrupted or failed call' && sandbox === swept.sandbox,
      ),
    );
    await chain.plan({'fault ADD': 'hang'});
    await expect(attach(kni, hung, hungNetns)).rejects.toMatchObject({code: 4});
    await chain.plan({});
    await attach(kni, waiting, waitingNetns);
    const pods = [waiting, slow, swept, hung];
    for (const [index, pod] of pods.entries()) await takeDown(kni, pod, paths[index] ?? '');
    expect(await leftovers(node)).toEqual(nothing);
  });
});
