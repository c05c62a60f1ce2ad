import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {withLock} from '../../src/cache/lock.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, machine, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const having = (answers: Readonly<Record<string, string>> = {}) =>
  hostOf((command) => {
    for (const [part, answer] of Object.entries(answers)) if (command.includes(part)) return answer;
    if (command.startsWith('docker version')) return '26.1.5';
    if (command.startsWith('kind version')) return 'kind v0.27.0';
    if (command.startsWith('uname')) return 'none';
    if (command.startsWith('iptables')) return 'iptables v1.8.9 (nf_tables)';
    return '';
  });
const few = machine({inotifyInstances: async () => 64});

describe('doctor', () => {
  it('shows each check with its result', async () => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await cli(dir, ['doctor'], {host: having()});
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    for (const name of [
      'system',
      'room',
      'inotify',
      'docker',
      'engine',
      'kind',
      'capabilities',
      'iptables',
      'proxy',
      'lock',
    ])
      expect(stdout).toMatch(new RegExp(`^\\+ ${name} `, 'm'));
    expect(stdout).toMatch(/^\+ iptables +v1\.8\.9 \(nf_tables\)$/m);
  });

  it('names the fix of a problem, and exits with code 3', async () => {
    await using dir = await tempDir();
    const small = machine({roomAt: async () => ({disk: 2 ** 30, memory: 2 ** 34, cores: 2})});
    const {code, stdout} = await cli(dir, ['doctor'], {host: having(), machine: small});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stdout).toMatch(/^- room +1 GB free .*\n {4}free 15 GB there, or set XDG_CACHE_HOME/m);
  });

  it('checks the machine without docker, too', async () => {
    await using dir = await tempDir();
    const host = having({'docker ': '2> Cannot connect to the Docker daemon\n[exit code 1]'});
    const {code, stdout} = await cli(dir, ['doctor'], {host});
    expect(code).toBe(exitCodes.hostLacks);
    expect(stdout).toMatch(/^\+ proxy /m);
  });

  it('warns about a proxy for this machine', async () => {
    await using dir = await tempDir();
    const env = {...envOf(dir), https_proxy: 'http://proxy.example'};
    const {code, stdout} = await cli(dir, ['doctor'], {host: having(), env});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^! proxy .*\n {4}export NO_PROXY=127\.0\.0\.1,localhost$/m);
  });

  it('names the holder of the lock, and does not wait for it', async () => {
    await using dir = await tempDir();
    await withLock(dirsOf(envOf(dir)), {command: 'kni-demo up'}, async () => {
      const {stdout} = await cli(dir, ['doctor'], {host: having()});
      expect(stdout).toMatch(new RegExp(`^\\+ lock +held by process ${process.pid} \\(kni-demo up,`, 'm'));
    });
  });

  it('prints one JSON object without the commands of --fix', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['doctor', '--json'], {host: having(), machine: few});
    const {checks} = JSON.parse(stdout);
    expect(checks).toContainEqual({
      name: 'inotify',
      kind: 'warning',
      message: expect.stringContaining('64 instances per user'),
      fix: 'sysctl -w fs.inotify.max_user_instances=512',
    });
  });
});

describe('doctor on the nodes of a cluster', () => {
  const orphans = (found: object): string =>
    JSON.stringify({netns: [], addresses: [], links: [], chains: [], problems: [], ...found});
  const networks = JSON.stringify({networks: [{name: 'kni', ready: true}]});
  const ready = {
    kind: 'Node',
    metadata: {name: 'test1-control-plane'},
    status: {conditions: [{type: 'Ready', status: 'True'}]},
  };
  const withNode = (answer: string) =>
    having({
      'docker ps': printed(node('test1-control-plane')).join('\n'),
      'kni-runtime orphans': answer,
      'kni-runtime networks': `{}\n${networks}`,
      kubectl: JSON.stringify({items: [ready]}),
    });

  it('counts what is left of deleted pods, and says how to remove it', async () => {
    await using dir = await dirWithCluster();
    const found = orphans({netns: ['/run/netns/kni-a'], addresses: ['10.244.0.9', '10.244.0.10']});
    const {code, stdout} = await cli(dir, ['doctor'], {host: withNode(found)});
    expect(code).toBe(0);
    expect(stdout).toContain('! node test1-control-plane  without a pod: 1 netns, 2 addresses\n');
    expect(stdout).toContain('    docker exec test1-control-plane kni-runtime reconcile\n');
  });

  it('reports a node without leftovers', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['doctor'], {host: withNode(orphans({}))});
    expect(stdout).toContain('+ node test1-control-plane  nothing is left of deleted pods\n');
  });

  it('says nothing if the network runtime cannot list orphans', async () => {
    await using dir = await dirWithCluster();
    const host = withNode('2> kni-runtime: unknown command\n[exit code 2]');
    const {stdout} = await cli(dir, ['doctor'], {host});
    expect(stdout).not.toContain('node test1-control-plane');
  });
});

describe('doctor on the ports of stopped nodes', () => {
  const reported = async (port: number): Promise<string> => {
    await using dir = await dirWithCluster();
    const host = having({
      'docker ps': printed(node('test1-control-plane', {running: false})).join('\n'),
      PortBindings: `/test1-control-plane {"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"${port}"}],"53/udp":null}`,
    });
    return (await cli(dir, ['doctor'], {host})).stdout;
  };

  it('names a port that another program uses, until that program has ended', async () => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const {port} = server.address() as AddressInfo;
    const taken = await reported(port);
    await once(server.close(), 'close');
    expect(taken).toMatch(
      new RegExp(
        `^- ports +another program uses 127\\.0\\.0\\.1:${port} of test1-control-plane\n {4}end the`,
        'm',
      ),
    );
    expect(await reported(port)).toMatch(new RegExp(`^\\+ ports +free: 127\\.0\\.0\\.1:${port}$`, 'm'));
  });
});

describe('doctor --fix', () => {
  const sysctl = 'sysctl -w fs.inotify.max_user_instances=512';

  it('asks, and changes nothing without an answer', async () => {
    await using dir = await tempDir();
    const host = having();
    const {code, questions} = await cli(dir, ['doctor', '--fix'], {host, machine: few});
    expect({code, questions}).toEqual({code: exitCodes.badInput, questions: ['Run these commands?']});
    expect(host.ran).not.toContain(sysctl);
  });

  it('runs the safe commands with --yes, and names them', async () => {
    await using dir = await tempDir();
    const host = having();
    const {stdout, questions} = await cli(dir, ['doctor', '--fix', '--yes'], {host, machine: few});
    expect(questions).toEqual([]);
    expect(host.ran).toContain(sysctl);
    expect(stdout).toContain(`\nran: ${sysctl}\n`);
  });
});
