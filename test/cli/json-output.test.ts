import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {project} from '../../src/project.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {dirWithCluster, node, printed} from '../rig/demo.ts';
import {clusterWith} from '../rig/proved-cluster.ts';
import {tempDir} from '../rig/temp-dir.ts';

const page = await readFile(join(project.root, 'docs/commands.md'), 'utf8');
const [, section = ''] = page.split('## JSON');
const [text = ''] = section.split('\n## ');

/** The words in code in the row of a table, without those in parentheses and after a colon. */
const fieldsIn = (row: string): readonly string[] =>
  [...row.replaceAll(/\([^)]*\)|: a list of [^|]*/g, '').matchAll(/`(\w+)`/g)].map(([, field = '']) => field);

const rowOf = (name: string): string => {
  const [, rest] =
    text
      .split('\n')
      .find((row) => row.startsWith('|') && row.split('|')[1]?.includes(`\`${name}\``))
      ?.split(/^\|[^|]*\|/) ?? [];
  if (rest === undefined) throw new Error(`docs/commands.md has no row for ${name}`);
  return rest.split('|')[0] ?? '';
};

/** Checks each line against the tables of docs/commands.md. Returns the types in order. */
const documented = (stdout: string): readonly string[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const {time, type, ...fields} = JSON.parse(line) as {time: string; type: string; command?: string};
      expect(new Date(time).toISOString()).toBe(time);
      const own = type === 'result' ? fieldsIn(rowOf(fields.command ?? '')) : [];
      expect([...fieldsIn(rowOf(type)), ...own]).toEqual(expect.arrayContaining(Object.keys(fields)));
      return type;
    });

const ready = (line: string): string => {
  if (line.startsWith('docker version')) return '26.1.5';
  return line.startsWith('kind version') ? 'kind v0.33.0' : '';
};

describe('the lines that docs/commands.md documents', () => {
  it('are those of build', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['build', '--json', '--stack', 'bookworm'], {host: hostOf(ready)});
    // The engine has all images. The program of the DNS server is a file in the cache, which is empty.
    expect(documented(stdout)).toEqual(['survey', 'planned', 'skipped', 'started', 'done', 'result']);
    expect(stdout).toMatch(/"type":"started".*"build\/dns/);
  });

  it('are those of a stage that fails', async () => {
    await using dir = await tempDir();
    const host = hostOf((line) =>
      line.startsWith('docker run') ? '2> Failed to fetch it\n[exit code 1]' : ready(line),
    );
    const {code, stdout} = await cli(dir, ['init', '--json', '--stack', 'bookworm'], {host});
    expect(code).toBe(1);
    const types = documented(stdout);
    expect(types).toEqual(expect.arrayContaining(['started', 'failed']));
    expect(types.at(-1)).toBe('error');
  });

  it('are those of verify', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['verify', '--json'], {host: clusterWith()});
    expect(new Set(documented(stdout))).toEqual(
      new Set(['planned', 'skipped', 'started', 'output', 'done', 'result']),
    );
  });

  it('are those of down', async () => {
    await using dir = await dirWithCluster();
    const nodes = printed(node('test1-control-plane'), node('test1-worker')).join('\n');
    const host = hostOf((line) => (line.startsWith('docker ps') ? nodes : ''));
    const {code, stdout, stderr, questions} = await cli(dir, ['down', '--json'], {host, answer: true});
    expect(code).toBe(0);
    expect(questions).toEqual(['Remove it?']);
    expect(documented(stdout)).toEqual(['result']);
    expect(JSON.parse(stdout)).toMatchObject({
      removed: ['cluster test1: test1-control-plane, test1-worker'],
      kept: [],
    });
    expect(stderr).toContain('- cluster test1: ');
    const again = await cli(dir, ['down', '--json', '--name', 'other'], {host: hostOf(() => '')});
    expect(JSON.parse(again.stdout)).toMatchObject({type: 'result', removed: [], kept: []});
  });
});

describe('the result of stop', () => {
  it('is documented', async () => {
    await using dir = await dirWithCluster();
    const {code, stdout} = await cli(dir, ['stop', '--json'], {host: clusterWith()});
    expect(code).toBe(0);
    expect(documented(stdout)).toEqual(['result']);
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'stop',
      cluster: 'test1',
      changed: true,
      nodes: ['test1-control-plane', 'test1-worker'],
    });
  });
});

describe('--debug', () => {
  it('prints each program that is run, and the stack trace of an error, on standard error', async () => {
    await using dir = await tempDir();
    const {stdout, stderr} = await cli(dir, ['networks', '--debug'], {host: hostOf(() => '')});
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^debug: docker ps .*: ok, \d+ ms$/m);
    expect(stderr).toMatch(/^UserError: cluster test1 does not exist.*\n +at /m);
    expect(stderr).toMatch(/^error: cluster test1 does not exist/m);
  });

  it('says how a program failed', async () => {
    await using dir = await tempDir();
    const {stderr} = await cli(dir, ['version', '--debug'], {host: hostOf(() => '2> no\n[exit code 7]')});
    expect(stderr).toMatch(/^debug: kind version: exit code 7, \d+ ms$/m);
  });
});

describe('--verbose', () => {
  it('prints the output of tools', async () => {
    await using dir = await dirWithCluster();
    const {stdout} = await cli(dir, ['verify', '--verbose'], {host: clusterWith()});
    expect(stdout).toContain('[verify/kni] │ ipconfigs received for id: abc');
    const quiet = await cli(dir, ['verify'], {host: clusterWith()});
    expect(quiet.stdout).not.toContain('│');
  });
});
