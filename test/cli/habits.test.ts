import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {createProgram} from '../../src/cli/program.ts';
import {commandsOf} from '../../src/cli/settings/flags.ts';
import type {World} from '../../src/cli/world.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, envOf, node, printed} from '../rig/demo.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';
import {tempDir} from '../rig/temp-dir.ts';

const pathsOf = (): readonly string[][] => {
  const program = createProgram({} as World);
  return commandsOf(program).flatMap((command) => {
    const path: string[] = [];
    for (let each = command; each !== program && each.parent; each = each.parent) path.unshift(each.name());
    return path[0]?.startsWith('_') ? [] : [path];
  });
};

describe('the help of every command', () => {
  it.each(pathsOf().map((path) => [path]))('has examples: %j', async (path) => {
    await using dir = await tempDir();
    const {code, stdout} = await cli(dir, [...path, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Examples:\\n( {2}.*kni-demo .*\\n)+$`, 'm'));
    expect(
      stdout
        .split('\n')
        .filter((line) => line.startsWith('  kni-demo'))
        .join(),
    ).toContain(path.join(' '));
  });

  it.each(pathsOf().map((path) => [path]))('fits into 80 columns: %j', async (path) => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, [...path, '--help']);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  // An unknown flag of kubectl is for kubectl.
  const refusing = pathsOf().filter(([first]) => first !== 'kubectl');
  it.each(refusing.map((path) => [path]))('is named by its errors: %j', async (path) => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, [...path, '--no-such-flag']);
    expect(code).toBe(2);
    expect(stderr).toContain(`(see ${['kni-demo', ...path].join(' ')} --help)`);
  });
});

describe('--json', () => {
  it('is a flag of every command except kubectl and completion', () => {
    const leaves = commandsOf(createProgram({} as World)).filter(
      (each) => each.commands.length === 0 && !['kubectl', 'completion', '__complete'].includes(each.name()),
    );
    expect(leaves.length).toBeGreaterThan(20);
    const lacking = leaves.filter(({options}) => !options.some(({long}) => long === '--json'));
    expect(lacking.map((command) => command.name())).toEqual([]);
  });
});

describe('the built program', () => {
  let real: RealCli;
  beforeAll(async () => {
    real = await realCli();
  });
  afterAll(() => real[Symbol.asyncDispose]());

  it('reports its error also if a build has removed its files while it waited', async () => {
    const stop = real.line('stop', '--lock-timeout', '3s');
    const {code, stderr} = await real.shell(`
      mkdir -p cache/kni-demo; exec 9>cache/kni-demo/lock; flock 9
      ${stop} 9>&- >waiting & until grep -qs waiting waiting; do sleep 0.1; done
      mv dist removed; wait $!; code=$?; mv removed dist; (exit $code)`);
    expect({code, stderr}).toEqual({
      code: exitCodes.busy,
      stderr: expect.stringContaining('error: another kni-demo is running'),
    });
  });

  /** What bash offers for the last word. */
  const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
    const script = [
      `kni-demo() { ${real.line()} "$@"; }`,
      'eval "$(kni-demo completion bash)"',
      `COMP_WORDS=(kni-demo ${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length}`,
      '_kni_demo',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const {code, stdout, stderr} = await real.shell(script.join('\n'));
    expect({code, stderr}).toEqual({code: 0, stderr: ''});
    return stdout.split('\n').filter(Boolean);
  };

  it('offers commands and the values of flags in bash', {timeout: 180_000}, async () => {
    expect(await offered('p')).toEqual(['plan', 'pod', 'patch']);
    expect(await offered('up', '--workers', '3', '--stack', '')).toEqual(['bookworm', 'upstream']);
    expect(await offered('down', '--name', '')).toEqual([]);
  });

  it.each([
    [
      ['pod', ''],
      ['create', 'list', 'delete', 'inspect'],
    ],
    [['up', '--w'], ['--workers']],
    [['01-init', '--lock'], ['--lock-timeout']],
    [['up', '--backend', 'v'], ['vxlan']],
    [
      ['up', '--cni', ''],
      ['kni', 'flannel'],
    ],
    [['completion', 'f'], ['fish']],
  ])('offers for %j: %j', async (words, candidates) => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['__complete', '--', ...words]);
    expect(stdout.split('\n').filter(Boolean)).toEqual(candidates);
  });

  it('offers the clusters of this user', async () => {
    await using dir = await dirWithCluster();
    expect((await cli(dir, ['__complete', '--', 'down', '--name', ''])).stdout).toBe('test1\n');
  });

  it.each(['bash', 'zsh', 'fish'])('has a script for %s, which names the program', async (shell) => {
    await using dir = await tempDir();
    expect(await cli(dir, ['completion', shell])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('kni-demo __complete -- '),
    });
  });
});

describe('version', () => {
  const host = (docker: string, kind: string) =>
    hostOf((line) => (line.startsWith('docker version') ? docker : line.startsWith('kind') ? kind : ''));

  it('shows the programs in use, as lines and as JSON', async () => {
    await using dir = await tempDir();
    const found = host('26.1.5', 'kind v0.27.0 go1.23 linux/amd64');
    const {stdout} = await cli(dir, ['version'], {host: found});
    expect(stdout).toMatch(
      /^kni-demo +\d+\.\d+\.\d+\nstack +bookworm: Kubernetes 1\.20\.2, containerd [\d.]+\n/,
    );
    expect(stdout).toMatch(/^kind +0\.27\.0\ndocker +26\.1\.5\nnode +[\d.]+\n$/m);
    expect(JSON.parse((await cli(dir, ['version', '--json'], {host: found})).stdout)).toMatchObject({
      stack: {name: 'bookworm', kubernetes: '1.20.2'},
      kind: '0.27.0',
      docker: '26.1.5',
    });
  });

  it('works without the stack file of the cluster', async () => {
    await using dir = await tempDir();
    const record = {phase: 'complete', nodeImage: 'x', stackFile: '/nonexistent/roomy.yaml'} as const;
    await writeRecord(dirsOf(envOf(dir)), 'test1', record);
    const nodes = printed(node('test1-control-plane', {stack: 'roomy'})).join('\n');
    const found = hostOf((line) => (line.startsWith('docker ps') ? nodes : 'kind v0.27.0'));
    const problem = 'cannot find stack roomy of cluster test1: /nonexistent/roomy.yaml does not exist';
    const {code, stdout} = await cli(dir, ['version'], {host: found});
    expect(code).toBe(0);
    expect(stdout).toContain(`\nstack     ${problem}\nkind      0.27.0\n`);
    const {stdout: json} = await cli(dir, ['version', '--json'], {host: found});
    expect(JSON.parse(json)).toMatchObject({stack: null, stackProblem: problem, kind: '0.27.0'});
    expect(await cli(dir, ['version', '--stack', 'x'], {host: found})).toMatchObject({errorCode: 'KNI-E202'});
  });

  it('says what is missing', async () => {
    await using dir = await tempDir();
    const none = host('2> refused\n[exit code 1]', '[not found]');
    const {code, stdout} = await cli(dir, ['version'], {host: none});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kind +not installed\ndocker +does not answer$/m);
    expect(JSON.parse((await cli(dir, ['version', '--json'], {host: none})).stdout)).toMatchObject({
      kind: null,
      docker: null,
    });
  });
});
