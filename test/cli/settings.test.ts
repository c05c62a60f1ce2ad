import {chmod, chown, mkdir, stat, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {refuseUntrusted} from '../../src/cli/settings/find-file.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {envOf} from '../rig/demo.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

interface Shown {
  readonly setting: string;
  readonly value: string;
  readonly origin: object;
}

/** Runs in a directory two levels below a kni-demo.yaml. */
const around = async (dir: TempDir, file: string | undefined, env: Readonly<Record<string, string>> = {}) => {
  const directory = dir.join('a/b');
  await mkdir(directory, {recursive: true});
  if (file !== undefined) await writeFile(dir.join('kni-demo.yaml'), file);
  return {directory, env: {...envOf(dir), ...env}, host: hostOf(() => '')};
};

const shown = async (dir: TempDir, file: string | undefined, env = {}): Promise<readonly Shown[]> => {
  const {code, stdout, stderr} = await cli(dir, ['config', 'show', '--json'], await around(dir, file, env));
  expect({code, stderr}).toEqual({code: 0, stderr: ''});
  return (JSON.parse(stdout) as {settings: readonly Shown[]}).settings;
};

describe('config show', () => {
  it('names the origin of each value: a variable before the file, the file before the default', async () => {
    await using dir = await tempDir();
    const path = dir.join('kni-demo.yaml');
    const settings = await shown(dir, 'name: lab\nworkers: 3\n', {KNI_DEMO_WORKERS: '2'});
    const of = (name: string) => settings.find(({setting}) => setting === name);
    expect(of('workers')).toMatchObject({
      value: '2',
      origin: {kind: 'environment', variable: 'KNI_DEMO_WORKERS'},
    });
    expect(of('name')).toMatchObject({value: 'lab', origin: {kind: 'file', path, line: 1}});
    expect(of('quiet')).toMatchObject({value: 'false', origin: {kind: 'default'}});
  });

  it('has no setting for a flag that installs or deletes', async () => {
    await using dir = await tempDir();
    const names = (await shown(dir, undefined)).map(({setting}) => setting);
    expect(names).toEqual(
      expect.arrayContaining(['stack', 'name', 'workers', 'lock-timeout', 'no-patch', 'json']),
    );
    for (const name of ['yes', 'all', 'purge', 'purge-foreign']) expect(names).not.toContain(name);
  });

  it('prints a table', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['config', 'show'], await around(dir, 'backend: vxlan\n'));
    expect(stdout).toMatch(/^SETTING +VALUE +ORIGIN\n/);
    expect(stdout.replaceAll(/ +/g, ' ')).toContain(`\nbackend vxlan ${dir.join('kni-demo.yaml')}:1\n`);
  });

  it.each([
    ['worker: 3\n', /kni-demo\.yaml:1: unknown setting "worker"; the settings are .*workers/],
    ['quiet: true\nworkers: [1]\n', /kni-demo\.yaml:2: workers must be text or a number/],
    ['json: perhaps\n', /kni-demo\.yaml:1: json must be true or false/],
    ['no-patch: 1\n', /kni-demo\.yaml:1: no-patch must be true or false/],
    ['source: {a: b}\n', /kni-demo\.yaml:1: source must be text or a list of texts/],
    ['yes: true\n', /kni-demo\.yaml:1: unknown setting "yes"/],
    ['name: a\nname: b\n', /kni-demo\.yaml:2: not YAML: Map keys must be unique/],
    ['- a\n', /kni-demo\.yaml:1: must be settings such as "workers: 3"/],
    ['a\n', /kni-demo\.yaml:1: must be settings/],
  ])('refuses the file %j', async (file, message) => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, ['config', 'show'], await around(dir, file));
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toMatch(message);
  });

  it("trusts no other user's file in a directory that all users may write", async () => {
    await using dir = await tempDir();
    const path = dir.join('kni-demo.yaml');
    await writeFile(path, 'source: [kubernetes=https://evil.example/kubernetes]\n');
    const {uid} = await stat(path);
    // An owner other than root, which is trusted.
    if (uid === 0) await chown(path, 12_345, 12_345);
    const other = (uid || 12_345) + 1;
    expect(() => refuseUntrusted(path, other)).not.toThrow();
    await chmod(dir.path, 0o1777);
    expect(() => refuseUntrusted(path, uid || 12_345)).not.toThrow();
    expect(() => refuseUntrusted(path, other)).toThrow(
      /cannot trust .*: it belongs to user \d+, and every user/,
    );
    if (uid !== 0) return;
    const {code, stderr} = await cli(dir, ['config', 'show'], await around(dir, undefined));
    expect({code, stderr}).toMatchObject({code: 2, stderr: expect.stringContaining('cannot trust')});
  });

  it.each(['', '# nothing\n', '{}\n'])('accepts the file %j', async (file) => {
    await using dir = await tempDir();
    expect((await shown(dir, file)).length).toBeGreaterThan(10);
  });
});

describe('a setting', () => {
  const failure = async (args: readonly string[], file: string | undefined, env = {}): Promise<string> => {
    await using dir = await tempDir();
    const {code, stderr} = await cli(dir, args, await around(dir, file, env));
    expect(code).toBe(exitCodes.badInput);
    return stderr;
  };

  it('is the value of the flag, unless the command line has it', async () => {
    expect(await failure(['logs'], 'name: lab\n')).toContain('cluster lab does not exist');
    expect(await failure(['logs', '--name', 'mine'], 'name: lab\n')).toContain('cluster mine does not exist');
    const env = {KNI_DEMO_NAME: 'ours'};
    expect(await failure(['logs'], 'name: lab\n', env)).toContain('cluster ours does not exist');
    expect(await failure(['logs', '--name', 'mine'], undefined, env)).toContain(
      'cluster mine does not exist',
    );
  });

  it.each([
    [
      ['plan'],
      'quiet: true\nworkers: 33\n',
      {},
      /kni-demo\.yaml:2: invalid workers "33": it must be a number/,
    ],
    [['plan'], undefined, {KNI_DEMO_WORKERS: 'x'}, /KNI_DEMO_WORKERS: invalid workers "x"/],
    [
      ['plan'],
      undefined,
      {KNI_DEMO_BACKEND: 'x'},
      /KNI_DEMO_BACKEND: invalid backend "x": Allowed choices are/,
    ],
    [['plan'], undefined, {KNI_DEMO_JSON: 'x'}, /KNI_DEMO_JSON: invalid json "x": it must be true or false/],
    [['plan'], 'no-patch: true\n', {}, /--no-patch needs your own source/],
    [['plan'], undefined, {KNI_DEMO_NO_PATCH: '1'}, /--no-patch needs your own source/],
  ])('is checked like the flag: %j %j %j', async (args, file, env, message) => {
    expect(await failure(args, file, env)).toMatch(message);
  });

  it('is replaced by the flag, also if it is a list', async () => {
    const file = 'source: [kubernetes=./in-file, containerd=./in-file]\n';
    expect(await failure(['plan'], file)).toMatch(/kubernetes=\/.*\/in-file cannot be used/);
    const stderr = await failure(['plan', '--source', 'containerd=/from-flag'], file);
    expect(stderr).toContain('containerd=/from-flag cannot be used');
  });

  it.each([
    ['rpc: [CreateNetwork, AttachInterface]\n', {}],
    [undefined, {KNI_DEMO_RPC: 'CreateNetwork AttachInterface'}],
    ['network: [a, ns/b]\n', {}],
    [undefined, {KNI_DEMO_NETWORK: 'a ns/b'}],
  ])('may be a list for every flag that may be repeated: %j %j', async (file, env) => {
    for (const args of [['logs'], ['pod', 'create', 'a']])
      expect(await failure(args, file, env)).toContain('cluster test1 does not exist');
  });

  it('of a stack file is relative to kni-demo.yaml', async () => {
    expect(await failure(['plan'], 'stack: mine.yaml\n')).toMatch(
      /unknown stack \/.*\/mine\.yaml: the file does not/,
    );
  });

  it('can give a mandatory flag', async () => {
    const stderr = await failure(
      ['patch', 'rebase', '--stack', 'bookworm'],
      'component: containerd\nonto: /nonexistent\n',
    );
    expect(stderr).toContain('/nonexistent is not a source tree of containerd');
  });

  it('does not get into the way of help', async () => {
    await using dir = await tempDir();
    expect((await cli(dir, ['up', '--help'], await around(dir, 'nope: 1\n'))).code).toBe(0);
    expect((await cli(dir, ['completion', 'bash'], await around(dir, 'nope: 1\n'))).code).toBe(0);
  });
});
