import {cp, mkdir, readdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import {project} from '../../src/project.ts';
import {loadStack} from '../../src/stacks/load.ts';
import {demoTasks} from '../../src/stages/demo.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, node, printed} from '../rig/demo.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';
import {tempDir} from '../rig/temp-dir.ts';

interface Task {
  readonly id: string;
  readonly stage: string;
  readonly needs: readonly string[];
  readonly state: string;
  readonly reason: string;
}

const stack = await loadStack('bookworm', project.stacks);
const ids = demoTasks(stack).map(({id}) => id);

let real: RealCli;
beforeAll(async () => {
  real = await realCli();
});
afterAll(() => real[Symbol.asyncDispose]());

describe('plan on a machine whose docker engine does not run', () => {
  it.each([['plan'], ['up', '--dry-run']])(
    'prints every task as JSON and writes nothing: %s %s',
    async (...args) => {
      const {code, stdout, stderr} = await real.shell(real.line(...args, '--json'));
      expect({code, stderr}).toEqual({code: 0, stderr: ''});
      const {tasks, ...rest} = JSON.parse(stdout) as {tasks: readonly Task[]};
      expect(rest).toEqual({stack: 'bookworm', cluster: 'test1'});
      expect(tasks.map(({id}) => id).sort()).toEqual([...ids].sort());
      const stateOf = (id: string): string | undefined => tasks.find((task) => task.id === id)?.state;
      expect(stateOf('host/system')).toBe('done');
      expect(stateOf('build/nodejs')).toBe('would-run');
      expect(stateOf('build/node-image')).toBe('unknown');
      expect(stateOf('setup/cluster')).toBe('unknown');
      for (const {id, stage, needs, reason} of tasks) {
        expect(id.startsWith(`${stage}/`)).toBe(true);
        expect(ids).toEqual(expect.arrayContaining([...needs]));
        expect(reason).not.toBe('');
      }
      expect(await readdir(real.dir.path)).not.toEqual(expect.arrayContaining(['cache']));
      expect(await readdir(real.dir.path)).not.toEqual(expect.arrayContaining(['state']));
    },
  );

  it.each([60, 80, 200])('fits into a terminal of %i columns', async (columns) => {
    const {code, stdout} = await real.terminal(real.line('plan', '--stack', 'bookworm'), columns);
    expect(code).toBe(0);
    const lines = stdout
      .replaceAll('\u001b', '')
      .replaceAll(/\[\d+m/g, '')
      .split(/\r?\n/);
    expect(lines.filter((line) => line.length > columns && line.trim().includes(' '))).toEqual([]);
    for (const stage of ['host', 'init', 'build', 'setup', 'verify']) expect(lines).toContain(stage);
    expect(lines.at(-2)).toMatch(new RegExp(`^${ids.length} tasks: `));
  });

  it('has 80 columns in a terminal that has no size', async () => {
    const {stdout} = await real.terminal(real.line('plan', '--stack', 'bookworm'), 0);
    expect(stdout).toContain('needs node-system-image, runtime\u001b');
  });

  it('has colours in a terminal and none in a pipe', async () => {
    const line = real.line('plan', '--stack', 'bookworm');
    expect((await real.terminal(line)).stdout).toContain('\u001b[');
    expect((await real.terminal(`NO_COLOR=1 ${line}`)).stdout).not.toContain('\u001b[');
    expect((await real.shell(line)).stdout).not.toContain('\u001b');
  });

  it('draws a flowchart and a graph with every task and need', async () => {
    const needs = demoTasks(stack).reduce((sum, task) => sum + task.needs.length, 0);
    const mermaid = (await real.shell(real.line('plan', '--format', 'mermaid'))).stdout.split('\n');
    expect(mermaid[0]).toBe('flowchart LR');
    expect(mermaid.filter((line) => /^ {4}\w+\["[\w.-]+<br\/>[a-z ]+"\]:::\w+$/.test(line))).toHaveLength(
      ids.length,
    );
    expect(mermaid.filter((line) => /^ {2}\w+ --> \w+$/.test(line))).toHaveLength(needs);
    const dot = (await real.shell(real.line('plan', '--format', 'dot'))).stdout;
    expect(dot).toMatch(/^digraph plan \{\n[^]*\n\}\n$/);
    expect(dot.match(/ -> /g)).toHaveLength(needs);
  });

  it("removes the scratch directory of the user's sources", async () => {
    await using source = await tempDir();
    await writeFile(source.join('go.mod'), 'module k8s.io/kubernetes\n');
    const line = real.line('plan', '--source', `kubernetes=${source.path}`);
    const {code, stderr} = await real.shell(`TMPDIR=${real.dir.path} ${line}`);
    expect(code).toBe(exitCodes.badInput);
    expect(stderr).toContain('it has no cmd/kubelet');
    expect(
      (await readdir(real.dir.path)).filter((name) => /^(cache|state|kni-demo-plan)/.test(name)),
    ).toEqual([]);
  });
});

describe('plan', () => {
  it.each([[['--json']], [['--format', 'json']]])('prints its errors as JSON with %j', async (flags) => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['plan', '--stack', 'nope', ...flags]);
    expect(JSON.parse(stdout)).toMatchObject({type: 'error', code: 'KNI-E202'});
  });

  it('refuses a cluster that `up` would refuse', async () => {
    await using dir = await dirWithCluster();
    const nodes = [node('test1-control-plane'), node('test1-worker')];
    const host = hostOf((line) => (line.startsWith('docker ps') ? printed(...nodes).join('\n') : ''));
    expect(await cli(dir, ['plan'], {host})).toMatchObject({
      code: exitCodes.conflict,
      stderr: expect.stringContaining('cluster test1 exists with other parameters'),
    });
  });

  it('repeats all flags in the command that replaces such a cluster', async () => {
    await using dir = await dirWithCluster();
    const nodes = [node('test1-control-plane'), node('test1-worker')];
    const host = hostOf((line) => (line.startsWith('docker ps') ? printed(...nodes).join('\n') : ''));
    const file = dir.join('my stacks/bookworm.yaml');
    await mkdir(dirname(file));
    await cp(join(project.stacks, 'bookworm.yaml'), file);
    const source = `kubernetes=https://host/me/kubernetes#${'a'.repeat(40)}`;
    const args = ['--stack', file, '--workers', '2', '--source', source, '--no-patch', '--cni', 'kni'];
    const {stderr} = await cli(dir, ['plan', ...args], {host});
    expect(stderr).toContain(
      `kni-demo up --name test1 --workers 2 --stack '${file}' --cni kni --source '${source}' --no-patch; or`,
    );
  });
});
