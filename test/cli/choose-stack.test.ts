import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {chooseStack} from '../../src/cli/choose-stack.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {project} from '../../src/project.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {envOf, machine, node, printed, rejection} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

const {signal} = new AbortController();

const chosen = async (nodes: readonly ReturnType<typeof node>[] = [], stackFile?: string) => {
  await using dir = await tempDir();
  if (stackFile !== undefined)
    await writeRecord(dirsOf(envOf(dir)), 'test1', {phase: 'complete', nodeImage: 'x', stackFile});
  const host = hostOf((command) => {
    if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
    throw new Error(command);
  });
  const [stdout, stderr] = [capture(), capture()];
  const world = {host, machine: machine(), stdout, stderr, env: envOf(dir), signal};
  return await chooseStack({...world, confirm: async () => false}, 'test1');
};

describe('the stack, where none is named', () => {
  it('is bookworm without a cluster', async () => {
    expect(await chosen()).toEqual({
      stack: 'bookworm',
      why: 'the default; for current Kubernetes: --stack upstream',
    });
  });

  it.each(['upstream', 'bookworm'])('is that of the cluster, %s', async (stack) => {
    const nodes = [node('test1-control-plane', {stack}), node('test1-worker', {stack})];
    expect(await chosen(nodes)).toEqual({stack, why: 'cluster test1 was made from it'});
  });

  it('is the file that the cluster was made from', async () => {
    const file = join(project.root, 'examples/stack/roomy.yaml');
    expect(await chosen([node('test1-worker', {stack: 'roomy'})], file)).toEqual({
      stack: file,
      why: 'cluster test1 was made from it',
    });
  });

  it.each([
    ['/nonexistent/roomy.yaml', '/nonexistent/roomy.yaml does not exist'],
    [undefined, 'kni-demo has no stack of that name'],
  ])('is refused if its file is %s', async (file, why) => {
    const {what, tryThis, ...error} = await rejection(
      chosen([node('test1-worker', {stack: 'roomy'})], file),
      UserError,
    );
    expect(what).toBe('cannot find stack roomy of cluster test1');
    expect(tryThis).toContain('--stack PATH');
    expect(error).toMatchObject({why, exitCode: exitCodes.badInput});
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
