import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const nodes = printed(node('test1-control-plane'), node('test1-worker')).join('\n');
const answering = (worker: string) =>
  hostOf((command) => {
    if (command.startsWith('docker ps')) return nodes;
    if (command.includes('test1-worker')) return worker;
    const extradata = {addresses_used: '3', addresses_capacity: '253'};
    return JSON.stringify({networks: [{name: 'kni', ready: true, extradata}]});
  });

describe('networks', () => {
  it('shows every node, with its addresses and why it is not ready', async () => {
    await using dir = await tempDir();
    const extradata = {reason: 'PodCIDRMissing', message: 'node x has no podCIDR yet'};
    const host = answering(JSON.stringify({networks: [{name: 'kni', extradata}]}));
    expect(await cli(dir, ['networks'], {host})).toMatchObject({
      code: 0,
      stderr: '',
      stdout: [
        'NODE                 NETWORK  READY  ADDRESSES  REASON',
        'test1-control-plane  kni      yes    3/253',
        'test1-worker         kni      no     -          PodCIDRMissing: node x has no podCIDR yet',
        '',
      ].join('\n'),
    });
  });

  it('says which runtime does not answer', async () => {
    await using dir = await tempDir();
    const host = answering('2> kni-runtime: UNAVAILABLE: nobody answers on /run/kni/kni.sock\n[exit code 1]');
    expect(await cli(dir, ['networks'], {host})).toMatchObject({
      code: exitCodes.failed,
      stderr:
        'error: the network runtime of test1-worker does not answer: nobody answers on /run/kni/kni.sock\n' +
        'try:   see whether it runs: docker exec test1-worker systemctl status kni\n',
    });
  });

  it.each(['a/b/c', 'A', '-n', '/a'])('pod inspect refuses the pod %s', async (pod) => {
    await using dir = await tempDir();
    expect((await cli(dir, ['pod', 'inspect', '--', pod])).code).toBe(exitCodes.badInput);
  });
});
