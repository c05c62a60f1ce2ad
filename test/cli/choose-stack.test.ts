import {describe, expect, it} from 'vitest';
import {chooseStack} from '../../src/cli/choose-stack.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {envOf, machine, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

const {signal} = new AbortController();

const chosen = async (nodes: readonly ReturnType<typeof node>[] = []) => {
  await using dir = await tempDir();
  const host = hostOf((command) => {
    if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
    throw new Error(command);
  });
  const [stdout, stderr] = [capture(), capture()];
  const world = {host, machine: machine(), stdout, stderr, env: envOf(dir), signal};
  return await chooseStack({...world, confirm: async () => false}, 'test1');
};

describe('the stack, where none is named', () => {
  it('is bookworm if there is no cluster', async () => {
    expect(await chosen()).toEqual({
      stack: 'bookworm',
      why: 'the default; for current releases of Kubernetes: --stack upstream',
    });
  });

  it.each(['upstream', 'bookworm'])('is that of the cluster, %s', async (stack) => {
    const nodes = [node('test1-control-plane', {stack}), node('test1-worker', {stack})];
    expect(await chosen(nodes)).toEqual({stack, why: 'cluster test1 was made from it'});
  });

  it('is named in the first line, unless the user names one', async () => {
    await using dir = await tempDir();
    const host = () =>
      hostOf((command) => (command.startsWith('docker ps') ? '' : '2> connection refused\n[exit code 1]'));
    const unnamed = await cli(dir, ['up'], {host: host()});
    expect(unnamed.stdout.split('\n')[0]).toMatch(/^stack bookworm: the default; /);
    const named = await cli(dir, ['up', '--stack', 'upstream'], {host: host()});
    expect(named.code).toBe(exitCodes.hostLacks);
    expect(named.stdout).toMatch(/^\+ system .*; stack upstream$/m);
    expect(named.stdout).not.toMatch(/^stack /m);
  });
});
