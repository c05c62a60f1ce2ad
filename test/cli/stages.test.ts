import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster} from '../rig/demo.ts';
import {clusterWith, pod} from '../rig/proved-cluster.ts';
import {tempDir} from '../rig/temp-dir.ts';

/** A machine on which all images exist, and no cluster. */
const built = () =>
  hostOf((line) => {
    if (line.startsWith('docker version')) return '26.1.5';
    return line.startsWith('kind version') ? 'kind v0.33.0' : '';
  });

describe('build', () => {
  it.each(['build', '02-build'])('shows its stages and the next one, if all is built: %s', async (name) => {
    await using dir = await tempDir();
    await cli(dir, ['build', '--stack', 'bookworm'], {host: built()}); // bundles the DNS server
    const {code, stdout} = await cli(dir, [name, '--stack', 'bookworm'], {host: built()});
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines).toContain('[host] skipped: nothing to do');
    expect(lines).toContain('[init] skipped: nothing to do');
    expect(stdout).toMatch(/^\[build\/node-image\] skipped: image kni-demo\/node:[0-9a-f]{16} exists$/m);
    expect(stdout).not.toMatch(/^.(setup|verify)/m);
    expect(stdout).toMatch(/^Stage build was complete already: nothing was changed\. [\d.]+ m?s$/m);
    expect(lines.at(-2)).toBe('  kni-demo setup --stack bookworm');
  });

  it('makes neither a cluster nor asks for one', async () => {
    await using dir = await tempDir();
    const host = built();
    await cli(dir, ['build', '--stack', 'bookworm'], {host});
    expect(host.ran.filter((line) => /^kind create|^docker ps/.test(line))).toEqual([]);
  });

  it('prints its survey, its events and its result as JSON', async () => {
    await using dir = await tempDir();
    await cli(dir, ['build'], {host: built()}); // bundles the DNS server
    const {code, stdout} = await cli(dir, ['build', '--json'], {host: built()});
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines.map(({type}) => type)).toEqual(['survey', 'planned', 'skipped', 'skipped', 'result']);
    expect(lines[0].requirements).toContainEqual({name: 'kind', kind: 'present', message: '0.33.0'});
    expect(lines.at(-1)).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      type: 'result',
      command: 'build',
      exitCode: 0,
      stack: 'bookworm',
      changed: false,
      ms: expect.any(Number),
      stages: {},
      criticalPath: [],
      savedMs: expect.any(Number),
    });
  });
});

describe('init', () => {
  it('stops before the build, and fails with the task that failed', async () => {
    await using dir = await tempDir();
    const all = built();
    const host: typeof all = {
      ...all,
      run: (command, options) =>
        command[1][0] === 'run'
          ? hostOf(() => '2> E: Failed to fetch it\n[exit code 100]').run(command, options)
          : all.run(command, options),
    };
    const {code, stdout} = await cli(dir, ['init', '--stack', 'bookworm'], {host});
    expect(code).toBe(exitCodes.failed);
    expect(stdout).toContain('[init/kubernetes-source] failed');
    expect(stdout).not.toMatch(/^\[(build|setup|verify)/m);
  });
});

describe('verify', () => {
  it('proves the sample pod, and changes nothing', async () => {
    await using dir = await dirWithCluster();
    const host = clusterWith();
    const {code, stdout} = await cli(dir, ['verify'], {host});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ipconfigs received for id: abc /m);
    expect(stdout).toMatch(/^5\. calls made by kubelet/m);
    expect(stdout).toMatch(/^Cluster test1 is proved\. /m);
    expect(
      host.ran.filter((line) => /apply|restart|systemctl|docker (start|run|build)|kind /.test(line)),
    ).toEqual([]);
  });

  it('gives the proof as JSON', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['verify', '--json'], {host: clusterWith()});
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({
      type: 'result',
      command: 'verify',
      exitCode: 0,
      cluster: 'test1',
      changed: false,
    });
    expect(last.proof).toHaveLength(7);
  });

  it('fails if the pod has another address', async () => {
    await using dir = await dirWithCluster();
    const cancel = new AbortController();
    const host = clusterWith({found: pod('True'), address: '10.244.1.9'});
    setTimeout(() => cancel.abort(new Error('enough')), 3_000);
    expect((await cli(dir, ['verify'], {host, signal: cancel.signal})).code).not.toBe(0);
  });

  it('needs a cluster', async () => {
    await using dir = await tempDir();
    expect(await cli(dir, ['verify'], {host: hostOf(() => '')})).toMatchObject({
      code: exitCodes.badInput,
      stderr: expect.stringContaining('create it: kni-demo up'),
    });
  });
});
