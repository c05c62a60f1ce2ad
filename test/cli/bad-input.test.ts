import {readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {cli} from '../rig/cli.ts';
import {dirWithCluster, envOf, exchange, node, printed} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {tempDir} from '../rig/temp-dir.ts';

/** One that says what failed and why, and at least one that says what to do. */
const clear = /^error: [^\n]+: [^\n]+\n(try: {3}[^\n]+\n|       [^\n]+\n)+$/;

describe('help and version', () => {
  it('are not failures', async () => {
    await using dir = await tempDir();
    expect(await cli(dir, ['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    const help = await cli(dir, ['--help']);
    expect(help).toMatchObject({code: 0, stderr: ''});
    for (const word of ['up', 'pod', 'networks', 'logs', 'down', 'patch', 'Exit codes:'])
      expect(help.stdout).toContain(word);
    expect(await cli(dir, ['up', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--workers <n>'),
    });
    for (const args of [
      ['networks', '--help'],
      ['pod', 'inspect', '--help'],
      ['patch', 'check', '--help'],
      ['patch', 'rebase', '--help'],
    ]) {
      expect(await cli(dir, args)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Exit code 1'),
      });
    }
    expect(await cli(dir, ['help', 'down'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--purge'),
    });
  });

  it('tell every exit code', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['--help']);
    const told = stdout.slice(stdout.indexOf('Exit codes:'));
    for (const code of Object.values(exitCodes)) expect(told).toMatch(new RegExp(`\\b${code} [a-z]`));
  });
});

describe('bad input', () => {
  it.each([
    [
      ['up', '--stack', 'bookworm', '--cni', 'calico'],
      'unknown network calico: the known networks are kni, flannel',
    ],
    [
      ['up', '--stack', 'bookworm', '--cni', './no.conflist'],
      'unknown network ./no.conflist: the file does not exist',
    ],
    [['up', '--stack', 'nope'], 'unknown stack nope: the known stacks are bookworm and upstream'],
    [
      ['up', '--stack', '../../package'],
      'unknown stack ../../package: the known stacks are bookworm and upstream',
    ],
    [['up', '--stack', './mine.yaml'], 'unknown stack ./mine.yaml: the file does not exist'],
    [['up', '--stack', ''], 'unknown stack : the known stacks are bookworm and upstream'],
    [['patch', 'check', '--stack', 'nope'], 'unknown stack nope: the known stacks are bookworm and upstream'],
    [
      ['patch', 'rebase', '--stack', 'nope', '--component', 'containerd', '--onto', '.'],
      'unknown stack nope: the known stacks are bookworm and upstream',
    ],
    [['up', '--name', 'UPPER'], 'invalid cluster name: "UPPER": '],
    [['up', '--name', ''], 'invalid cluster name: "": '],
    [['up', '--name=--yes'], 'invalid cluster name: "--yes": '],
    [['up', '--workers', '0'], 'invalid number of workers: "0": '],
    [['up', '--workers', 'many'], 'invalid number of workers: "many": '],
    [['up', '--source', 'kubelet=/src'], 'invalid source: "kubelet=/src": '],
    [['up', '--source', 'containerd=/src#'], 'invalid source: "containerd=/src#": '],
    [['up', '--source', 'containerd=/a', '--source', 'containerd=/b'], 'invalid sources: '],
    [['up', '--no-patch'], 'invalid sources: --no-patch needs your own source'],
    [['down', '--name', 'a/b'], 'invalid cluster name: "a/b": '],
    [['logs', '--name', 'a b'], 'invalid cluster name: "a b": '],
    [['pod', 'create', 'a b'], 'invalid pod name: "a b": '],
    [['pod', 'create', ''], 'invalid pod name: "": '],
    [['pod', 'inspect', 'a b'], 'invalid pod name: "a b": '],
    [['pod', 'inspect', '/a'], 'invalid pod: "/a": '],
    [['pod', 'inspect', 'a/b/c'], 'invalid pod: "a/b/c": '],
    [['networks', '--name', 'a b'], 'invalid cluster name: "a b": '],
    [['pod', 'create', 'ok', '--image', '-v'], 'invalid image: "-v": '],
    [['pod', 'create', 'ok', '--name', 'a\nb'], 'invalid cluster name: "a\\nb": '],
  ])('%j: one clear line, nothing run, nothing written', async (args, text) => {
    await using dir = await tempDir();
    using host = fakeHost();
    const {code, stdout, stderr, errorCode} = await cli(dir, args, {host});
    expect({code, stdout}).toEqual({code: exitCodes.badInput, stdout: ''});
    expect(errorCode).toMatch(/^KNI-E2(0[124]|23)$/);
    expect(stderr).toMatch(clear);
    expect(stderr.slice('error: '.length)).toContain(text);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it.each([
    [['nope'], "error: unknown command 'nope'"],
    [['up', '--nope'], "error: unknown option '--nope'"],
    [['up', 'extra'], "error: too many arguments for 'up'. Expected 0 arguments but got 1."],
    [['logs', '--pod'], "error: option '--pod <pod>' argument missing"],
    [['pod', 'rename', 'a'], "error: unknown command 'rename'"],
    [['logs', 'a'], "error: too many arguments for 'logs'. Expected 0 arguments but got 1."],
    [['patch', 'apply'], "error: unknown command 'apply'"],
    [['patch', 'rebase', '--onto', '.'], "error: required option '--component <component>' not specified"],
    [
      ['patch', 'rebase', '--component', 'kind'],
      "error: option '--component <component>' argument 'kind' is invalid. Allowed choices are kubernetes, containerd.",
    ],
    [['patch', 'rebase', '--component', 'containerd'], "error: required option '--onto <dir>' not specified"],
  ])('%j', async (args, line) => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await cli(dir, args);
    expect({code, stdout}).toEqual({code: exitCodes.badInput, stdout: ''});
    expect(stderr.split('\n')[0]).toBe(line);
    expect(stderr).toMatch(/^\(see kni-demo( up| logs| pod| patch| patch rebase)? --help\)$/m);
  });

  it.each([[[]], [['pod']], [['patch']]])('%j: shows what there is', async (args) => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, args);
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toMatch(/^Usage: kni-demo/);
  });
});

describe('a cluster that cannot be worked with', () => {
  const commands = [['logs'], ['logs', '-f'], ['pod', 'create', 'a']];
  const ps = (...answer: readonly string[]): string => exchange(listNodeContainers('test1'), ...answer);
  const worker = node('test1-worker');

  it.each(commands)('is bad input: %s %s', async (...args) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps());
    expect(await cli(dir, args, {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr:
        'error: cluster test1 does not exist: docker has no node container of that name\ntry:   create it: kni-demo up\n',
    });
  });

  it.each(commands)('is foreign: %s %s', async (...args) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps(...printed({...worker, stack: undefined})));
    expect(await cli(dir, args, {host})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringMatching(/^error: cluster test1 was not made by kni-demo: .*\ntry: .*\n$/),
    });
  });

  it.each([
    ['logs', '--node', 'test1-worker'],
    ['pod', 'create', 'a'],
  ])('is stopped: %s %s %s', async (...args) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(ps(...printed(node('test1-control-plane'), {...worker, running: false})));
    expect(await cli(dir, args, {host})).toMatchObject({
      code: exitCodes.badInput,
      stderr:
        'error: cluster test1 is not running: these nodes are stopped: test1-worker\ntry:   start it: kni-demo start\n',
    });
  });

  it.each(commands)('is hidden by a docker that does not answer: %s %s', async (...args) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(
      ps('2> Cannot connect to the Docker daemon at unix:///nonexistent.', '[exit code 1]'),
    );
    expect(await cli(dir, args, {host})).toMatchObject({
      code: exitCodes.hostLacks,
      stderr:
        'error: cannot look for cluster test1: docker does not answer: Cannot connect to the Docker daemon at unix:///nonexistent.\n' +
        'try:   run kni-demo up, which lists what this machine lacks\n',
    });
  });

  it.each([[['logs', '--node', 'nope']], [['pod', 'create', 'a', '--node', 'nope']]])(
    'has no such node: %j',
    async (args) => {
      await using dir = await dirWithCluster();
      using host = fakeHost(ps(...printed(node('test1-control-plane'), worker)));
      expect(await cli(dir, args, {host})).toMatchObject({
        code: exitCodes.badInput,
        stderr:
          'error: unknown node nope: the nodes are test1-control-plane, test1-worker\ntry:   choose one of these with --node\n',
      });
    },
  );
});

describe('directories that cannot be made', () => {
  it.each(['up --stack bookworm', 'bundle load x.tar --stack bookworm', 'down'])(
    '%s exits with code 3',
    async (line) => {
      await using dir = await tempDir();
      const env = {...envOf(dir), XDG_CACHE_HOME: '/proc/nope', XDG_STATE_HOME: '/proc/nope'};
      expect(await cli(dir, line.split(' '), {env})).toMatchObject({
        code: exitCodes.hostLacks,
        stderr: expect.stringMatching(
          /^error: cannot lock the directories of kni-demo: \/proc\/nope\/kni-demo\/lock: ENOENT: /,
        ),
      });
    },
  );
});
