import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';

const nodes = [node('test1-control-plane'), node('test1-worker')];

/** `state` is what systemctl is-active says of the network runtime. */
const having = (state: string, found = nodes) =>
  hostOf((command) => {
    if (command.startsWith('docker ps')) return printed(...found).join('\n');
    return command.includes('is-active') ? state : '';
  });

const systemctl = (ran: readonly string[]) => ran.filter((line) => / systemctl (start|stop) /.test(line));

describe('stop --runtime-of', () => {
  it('stops only the network runtime of the node, and says how to start it', async () => {
    await using dir = await dirWithCluster();
    const host = having('active');
    const {code, stdout} = await cli(dir, ['stop', '--runtime-of', 'test1-worker'], {host});
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^The network runtime of test1-worker is stopped\. [\d.]+ s$/),
      'The node becomes NotReady within 30 s. Its pods keep their networks.',
      'Start it again: kni-demo start --runtime-of test1-worker',
      '',
    ]);
    expect(systemctl(host.ran)).toEqual(['docker exec test1-worker systemctl stop kni']);
    expect(host.ran.some((line) => line.startsWith('docker stop'))).toBe(false);
  });

  it.each(['inactive', 'failed'])('does nothing if the runtime is %s', async (state) => {
    await using dir = await dirWithCluster();
    const host = having(state);
    const {stdout} = await cli(dir, ['stop', '--runtime-of', 'test1-worker', '--json'], {host});
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'result',
      command: 'stop',
      exitCode: 0,
      cluster: 'test1',
      changed: false,
      nodes: [],
      runtimeOf: 'test1-worker',
    });
    expect(systemctl(host.ran)).toEqual([]);
  });

  it('refuses an unknown node and a stopped one', async () => {
    await using dir = await dirWithCluster();
    expect(await cli(dir, ['stop', '--runtime-of', 'x'], {host: having('active')})).toMatchObject({
      code: exitCodes.badInput,
      errorCode: 'KNI-E208',
      stderr: expect.stringContaining('unknown node x: the nodes are test1-control-plane, test1-worker'),
    });
    const stopped = nodes.map((each) => ({...each, running: false}));
    expect(
      await cli(dir, ['start', '--runtime-of', 'test1-worker'], {host: having('', stopped)}),
    ).toMatchObject({code: exitCodes.badInput, errorCode: 'KNI-E207'});
  });

  it('cannot be a setting, which would change every stop', async () => {
    await using dir = await dirWithCluster();
    const host = having('active');
    const env = {...envOf(dir), KNI_DEMO_RUNTIME_OF: 'test1-worker'};
    expect((await cli(dir, ['stop'], {host, env})).stdout).toMatch(/^Cluster test1 is stopped/);
  });
});

describe('start --runtime-of', () => {
  it('starts the runtime and waits until it answers', async () => {
    await using dir = await dirWithCluster();
    let asked = 0;
    const host = hostOf((command) => {
      if (command.startsWith('docker ps')) return printed(...nodes).join('\n');
      if (command.includes('is-active')) return 'inactive';
      if (!command.includes('kni-runtime networks')) return '';
      asked += 1;
      return asked < 3 ? '2> kni-runtime: UNAVAILABLE: no server\n[exit code 1]' : '{}';
    });
    const {code, stdout} = await cli(dir, ['start', '--runtime-of', 'test1-worker'], {host});
    expect({code, stdout}).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^The network runtime of test1-worker answers again\. [\d.]+ s\n$/),
    });
    expect(systemctl(host.ran)).toEqual(['docker exec test1-worker systemctl start kni']);
    expect(asked).toBe(3);
  });

  it('does nothing if the runtime runs', async () => {
    await using dir = await dirWithCluster();
    const host = having('active');
    expect((await cli(dir, ['start', '--runtime-of', 'test1-worker'], {host})).stdout).toBe(
      'The network runtime of test1-worker runs already.\n',
    );
    expect(systemctl(host.ran)).toEqual([]);
  });
});
