import {chmod, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeNetwork} from '../../src/cluster/network-record.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {leftovers} from '../../src/networks/network.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';

const noLeftovers = leftovers.parse({});
const nodes = [node('test1-control-plane'), node('test1-worker')];
const host = () => hostOf((command) => (command.startsWith('docker ps') ? printed(...nodes).join('\n') : ''));

describe('runtime use on a cluster with another network', () => {
  it.each([
    [true, "its pods have network flannel, which needs kni-demo's own network runtime"],
    [false, 'the switch of its nodes to another network is not complete'],
  ])('refuses a runtime of the user before any change (switch complete: %s)', async (isComplete, why) => {
    await using dir = await dirWithCluster();
    const flannel = {
      name: 'flannel',
      cniName: 'cbr0',
      neededFiles: [],
      leftovers: noLeftovers,
      isKnown: true,
    };
    await writeNetwork(dirsOf(envOf(dir)), 'test1', {network: flannel, former: [], isComplete});
    const program = dir.join('own-runtime');
    await writeFile(program, '#!/bin/sh\n');
    await chmod(program, 0o755);
    const used = host();
    expect(await cli(dir, ['runtime', 'use', program, '--yes'], {host: used})).toMatchObject({
      code: exitCodes.conflict,
      errorCode: 'KNI-E408',
      stderr: expect.stringMatching(
        new RegExp(
          `^error: cannot use your own network runtime on cluster test1: ${why}[^]*kni-demo up --cni kni`,
        ),
      ),
    });
    expect(used.ran.filter((line) => line.startsWith('docker exec'))).toEqual([]);
  });
});
